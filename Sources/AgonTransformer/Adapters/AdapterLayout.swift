/// Where each matrix of an adapter lies in one flat buffer of float32.
///
/// Layers that read one input have their A matrices as neighbours, which makes them one taller matrix `[R, inputs]`.
/// B is kept transposed, `[rank, outputs]`: its gradient is then a product with long rows. Files hold it as
/// `[outputs, rank]`.
public struct AdapterLayout: Sendable, Equatable {
    /// One adapted linear layer.
    struct Part: Sendable, Equatable {
        let module: AdapterModule
        let rank: Int
        /// The first of its rows in the site's A.
        let rankStart: Int
        let scale: Float
        /// Offset of Bᵀ `[rank, outputs]`.
        let b: Int
        /// Offset of the magnitudes `[outputs]`; nil without DoRA.
        let magnitude: Int?
    }

    /// The adapted layers that read one input.
    struct Site: Sendable, Equatable {
        /// R: rows of the common A.
        let rank: Int
        /// Offset of A `[R, inputs]`.
        let a: Int
        let parts: [Part]
    }

    /// The tensors in the order of their offsets, without holes. Names are PEFT's less `base_model.model.`.
    public let tensors: [ParameterLayout.Tensor]
    /// Elements of the whole buffer.
    public let count: Int
    /// By layer and site; nil where nothing is adapted.
    let sites: [[Site?]]
    private let indexByName: [String: Int]

    init(_ targets: [AdapterTarget], usesMagnitudes: Bool, _ config: ModelConfig) {
        var tensors: [ParameterLayout.Tensor] = []
        var offset = 0
        func add(_ name: String, _ shape: Int...) -> Int {
            defer { offset += shape.reduce(1, *) }
            tensors.append(ParameterLayout.Tensor(name: name, shape: shape, offset: offset))
            return offset
        }
        var sites: [[Site?]] = []
        for layer in 0..<config.layerCount {
            sites.append(
                AdapterSite.allCases.map { site in
                    let here = targets.filter { $0.layer == layer && $0.module.site == site }
                    guard !here.isEmpty else { return nil }
                    let starts = here.map { add("\($0.name).lora_A.weight", $0.rank, site.inputs(config)) }
                    var rankStart = 0
                    let parts = here.map { target in
                        defer { rankStart += target.rank }
                        let outputs = target.module.outputs(config)
                        let b = add("\(target.name).lora_B.weight", target.rank, outputs)
                        let magnitude = usesMagnitudes ? add("\(target.name).lora_magnitude_vector", outputs) : nil
                        return Part(
                            module: target.module, rank: target.rank, rankStart: rankStart,
                            scale: Float(target.scale), b: b, magnitude: magnitude)
                    }
                    return Site(rank: rankStart, a: starts[0], parts: parts)
                })
        }
        self.tensors = tensors
        self.sites = sites
        count = offset
        indexByName = Dictionary(uniqueKeysWithValues: tensors.enumerated().map { ($1.name, $0) })
    }

    /// The tensor of that name, or nil.
    public subscript(name: String) -> ParameterLayout.Tensor? { indexByName[name].map { tensors[$0] } }

    /// The depth of the first adapted layer along the forward pass: nothing below it has a gradient.
    var lowestDepth: Int {
        for (layer, sites) in sites.enumerated() {
            for site in AdapterSite.allCases where sites[site.rawValue] != nil { return site.depth(layer: layer) }
        }
        return 0
    }

    /// The greatest R of a site over the layers.
    func greatestRank(of site: AdapterSite) -> Int {
        sites.reduce(0) { max($0, $1[site.rawValue]?.rank ?? 0) }
    }
}

extension ParameterLayout.Tensor {
    /// Whether this is a B, which files hold transposed.
    var isTransposedInFiles: Bool { name.hasSuffix(".lora_B.weight") }
    /// Whether these are DoRA's magnitudes.
    public var isMagnitude: Bool { name.hasSuffix(".lora_magnitude_vector") }
}
