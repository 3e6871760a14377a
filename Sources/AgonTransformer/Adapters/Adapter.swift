/// Low-rank matrices that change what a base model's linear layers compute, without changing the base.
///
/// The memory begins at a 64-byte boundary and follows `layout` without holes. A checkpoint of an agent that trains an
/// adapter is this and nothing more: a few hundred kilobytes where the base has a few hundred megabytes.
///
/// - Important: whoever creates it may write through its pointers. Once it has been handed to another owner (a view
///   of a `Transformer`, another thread), it must not be written again: change a `copy()` instead.
// Safety: as `Parameters`: the memory is allocated once, never moves and is freed with the object; all writes happen
// before the object is shared, or from the one owner that trains it.
public final class Adapter: TensorMemory, @unchecked Sendable {
    /// The settings it was made with.
    public let config: AdapterConfig
    /// The sizes of the base that it belongs to.
    public let baseConfig: ModelConfig
    /// Where each matrix lies in `values`.
    public let layout: AdapterLayout
    public let values: UnsafeMutableBufferPointer<Float>

    public var tensors: [ParameterLayout.Tensor] { layout.tensors }

    /// Zeros: the base unchanged, except with DoRA, whose magnitudes are then wrong.
    init(zeros config: AdapterConfig, _ baseConfig: ModelConfig, _ layout: AdapterLayout) {
        self.config = config
        self.baseConfig = baseConfig
        self.layout = layout
        values = FloatMemory.allocate(layout.count)
        values.initialize(repeating: 0)
    }

    /// How many floats it has.
    public var parameterCount: Int { values.count }

    deinit { values.deallocate() }

    public func tensor(named name: String) -> ParameterLayout.Tensor? { layout[name] }

    public func zeros() -> any TensorMemory { zeroAdapter() }

    /// Zeros of the same layout.
    public func zeroAdapter() -> Adapter { Adapter(zeros: config, baseConfig, layout) }

    /// A memory of its own with the same content.
    public func copy() -> Adapter {
        let copy = zeroAdapter()
        _ = copy.values.update(fromContentsOf: values)
        return copy
    }

    /// An adapter of another one's layout that leaves every result of the base as it is: its A, and a B of zeros.
    ///
    /// - Throws: as `initialised`.
    public static func unchanging(like other: Adapter, on base: Transformer) throws(TransformerError) -> Adapter {
        let adapter = try initialised(other.config, for: base, seed: 0)
        for tensor in other.tensors where tensor.name.hasSuffix(".lora_A.weight") {
            _ = adapter[tensor.name]?.update(fromContentsOf: other.memory(of: tensor))
        }
        return adapter
    }

    /// A new adapter of a base, which leaves every result as it is: A is random, B zero, magnitudes the row norms.
    ///
    /// Equal seeds give equal bits on one platform; each matrix has a stream of its own.
    ///
    /// - Throws: `invalidConfig` where the targets fit nothing or a name fits no module, `unsupported` where they
    ///   name the embedding or the head.
    public static func initialised(
        _ config: AdapterConfig, for base: Transformer, seed: UInt64
    ) throws(TransformerError) -> Adapter {
        let targets = try config.resolve(base.config, isStrict: true)
        let layout = AdapterLayout(targets, usesMagnitudes: config.usesMagnitudes, base.config)
        let adapter = Adapter(zeros: config, base.config, layout)
        for (index, tensor) in layout.tensors.enumerated() where tensor.name.hasSuffix(".lora_A.weight") {
            let memory = adapter.memory(of: tensor)
            var stream = NormalStream(seed: seed, stream: UInt64(index))
            switch config.initialisation {
            case .uniform:
                let bound = 1 / Double(tensor.shape[1]).squareRoot()
                for i in memory.indices { memory[i] = Float((2 * stream.uniform() - 1) * bound) }
            case .gaussian:
                for i in memory.indices { memory[i] = stream.next() / Float(tensor.shape[0]) }
            }
        }
        for (layer, sites) in layout.sites.enumerated() {
            for part in sites.compactMap(\.self).flatMap(\.parts) {
                guard let magnitude = part.magnitude else { continue }
                let squares = base.frozen.rowSquares(of: part.module, layer: layer)
                for (index, square) in squares.enumerated() { adapter.values[magnitude + index] = square.squareRoot() }
            }
        }
        return adapter
    }
}
