import Foundation

/// A model's weights, or a gradient or optimiser moment of the same shape: one flat, owned float32 memory.
///
/// The memory starts at a 64-byte boundary and follows `layout` without holes.
///
/// - Important: whoever creates it may write through its pointers. Once it has been handed to another owner
///   (a `Transformer`, another thread), it must not be written again: change a `copy()` instead.
///
/// Where all matrices were packed and nobody trains or saves the weights, `releaseMatrices` gives the memory back that
/// the layers' matrices took here.
// Safety: the memory is allocated once, never moves and is freed with the object. All writes happen before the
// object is shared, or from the one owner that trains it; after that it is only read. The optimiser of an update
// owns its parameters alone until they become a checkpoint. Matrices are released by the owner that loaded them, before
// other threads use the models that were packed from them.
public final class Parameters: TensorMemory, @unchecked Sendable {
    /// The sizes that the layout was made from.
    public let config: ModelConfig
    /// Where each tensor lies in `values`.
    public let layout: ParameterLayout
    private let memory: UnsafeMutableBufferPointer<Float>
    /// Whether the layers' matrices are still there.
    public private(set) var hasMatrices = true

    /// The whole memory, `layout.count` elements.
    ///
    /// A bare pointer: it does not keep its owner alive. Hold the object in a variable while using it, and never
    /// read it from an expression's temporary; `withValues` is safe everywhere.
    ///
    /// - Precondition: the matrices were not released.
    public var values: UnsafeMutableBufferPointer<Float> {
        precondition(hasMatrices, "the layers' matrices of these weights were released; load the folder again")
        return memory
    }

    /// The first element: where the embedding, norms and biases are read that stay when matrices are released.
    var base: UnsafeMutablePointer<Float> { memory.baseAddress! }

    /// Zeros in the layout of a model.
    public convenience init(zeros config: ModelConfig) {
        self.init(unfilled: config)
        memory.initialize(repeating: 0)
    }

    /// Undefined values, for a caller that writes every tensor before anybody reads one.
    init(unfilled config: ModelConfig) {
        self.config = config
        layout = ParameterLayout(config)
        memory = FloatMemory.allocate(layout.count)
    }

    private init(copying other: Parameters) {
        config = other.config
        layout = other.layout
        memory = FloatMemory.allocate(layout.count)
        _ = memory.initialize(fromContentsOf: other.values)
    }

    deinit { memory.deallocate() }

    /// Gives the memory of the layers' matrices, and of a language head of its own, back to the system: they are zero
    /// afterwards, and `values` must not be asked for again.
    ///
    /// For a frozen base, which reads its matrices packed: they would only lie beside them. Embedding, norms and biases
    /// stay. To be called before other threads use the models that share these weights, and after the last of them has
    /// been made and, where adapters are trained on it, prepared (`Transformer.prepareTraining`).
    public func releaseMatrices() {
        guard hasMatrices else { return }
        hasMatrices = false
        for run in layout.matrixRuns { FloatMemory.release(UnsafeMutableBufferPointer(rebasing: memory[run])) }
    }

    /// A memory of its own with the same content.
    public func copy() -> Parameters { Parameters(copying: self) }

    public var tensors: [ParameterLayout.Tensor] { layout.tensors }

    public func tensor(named name: String) -> ParameterLayout.Tensor? { layout[name] }

    public func zeros() -> any TensorMemory { Parameters(zeros: config) }

    /// Random weights for training from nothing.
    ///
    /// Matrices are normal with deviation 1/√(inputs), the embedding and the score head with 0.02; norms are one,
    /// biases zero.
    /// The two matrices of a layer that write into the residual stream (`o_proj`, `down_proj`) are divided by
    /// √(2·layers), so that the stream's variance does not grow with depth (Radford et al. 2019, §2.3).
    /// Equal seeds give equal bits on one platform; each tensor has a stream of its own.
    public static func initialised(_ config: ModelConfig, seed: UInt64) -> Parameters {
        let parameters = Parameters(zeros: config)
        let residualScale = 1 / Float(2 * config.layerCount).squareRoot()
        for (index, tensor) in parameters.layout.tensors.enumerated() {
            let memory = parameters.memory(of: tensor)
            guard tensor.shape.count == 2 else {
                memory.update(repeating: tensor.name.hasSuffix(".bias") ? 0 : 1)
                continue
            }
            let isEmbedding = tensor.name.contains("embed_tokens") || tensor.name == "score.weight"
            var deviation = isEmbedding ? 0.02 : 1 / Float(tensor.shape[1]).squareRoot()
            if tensor.name.hasSuffix("o_proj.weight") || tensor.name.hasSuffix("down_proj.weight") {
                deviation *= residualScale
            }
            var stream = NormalStream(seed: seed, stream: UInt64(index))
            for i in memory.indices { memory[i] = deviation * stream.next() }
        }
        return parameters
    }
}

/// Normal deviates addressed by (seed, stream): splitmix64 bits through the Box–Muller transform.
struct NormalStream {
    private var state: UInt64
    private var spare: Double?

    init(seed: UInt64, stream: UInt64) {
        state = mixBits(seed ^ mixBits(stream &+ 0x9E37_79B9_7F4A_7C15))
    }

    /// A number in (0, 1).
    mutating func uniform() -> Double {
        state &+= 0x9E37_79B9_7F4A_7C15
        return (Double(mixBits(state) >> 11) + 0.5) / Double(1 << 53)
    }

    mutating func next() -> Float {
        if let value = spare {
            spare = nil
            return Float(value)
        }
        let radius = (-2 * log(uniform())).squareRoot()
        let angle = 2 * Double.pi * uniform()
        spare = radius * sin(angle)
        return Float(radius * cos(angle))
    }
}

/// The finaliser of splitmix64 (Steele, Lea, Flood 2014): a bijection that spreads every bit over all others.
func mixBits(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
}
