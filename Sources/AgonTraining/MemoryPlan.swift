public import AgonTransformer

/// How much memory an update takes, worked out from sizes alone, before anything is allocated.
///
/// Trained weights, gradients, moments and activations are float32; matrices take what their format takes. Counted are
/// the parts that grow with the model and the batch; a few buffers of one group of rows are left out. The batch is taken
/// at its largest: every sequence of a micro-batch as long as the longest, no beginning shared. A run therefore stays
/// below its plan.
public struct MemoryPlan: Sendable, Hashable, Codable {
    /// Weights, as a training pass reads them: the floats themselves.
    public var parameters: Int
    /// The same in the order of the kernels, for the forward and for the backward pass of each shard.
    public var packedWeights: Int
    /// One gradient per shard.
    public var gradients: Int
    /// Mean and mean square of AdamW.
    public var optimiser: Int
    /// What a forward pass keeps for the backward pass, and logits.
    public var activations: Int
    /// Keys and values of the answers that are generated side by side.
    public var keyValueCache: Int

    /// Bytes in all.
    public var total: Int { parameters + packedWeights + gradients + optimiser + activations + keyValueCache }

    /// A plan that takes nothing.
    public static let zero = MemoryPlan(
        parameters: 0, packedWeights: 0, gradients: 0, optimiser: 0, activations: 0, keyValueCache: 0)

    /// The memory of one model that answers: its weights, packed once, and its cache.
    ///
    /// - Parameters:
    ///   - weights: what the packed matrices are held as. The weights that they were packed from stay beside them:
    ///     embedding and norms are read there.
    ///   - keepsMatrices: whether all of these stay; false where the layers' matrices are released.
    ///   - slotCount: answers that are generated side by side, on all threads together.
    ///   - length: positions of the longest answer with its prompt.
    public static func answering(
        _ config: ModelConfig, weights: WeightFormat = .float32, keepsMatrices: Bool = true, slotCount: Int, length: Int
    ) -> MemoryPlan {
        var plan = MemoryPlan.zero
        let layout = ParameterLayout(config)
        plan.parameters = (keepsMatrices ? layout.count : layout.residentCount) * 4
        plan.packedWeights = weights.byteCount(of: config)
        plan.keyValueCache = slotCount * config.layerCount * 2 * min(length, config.maxPositionCount)
            * config.keyValueHeadCount * config.headSize * 4
        return plan
    }

    /// The memory of one update, without the base that it starts from.
    ///
    /// - Parameters:
    ///   - adapterCount: floats of the adapter that is trained; nil where all weights are.
    ///   - weights: what the base of an adapter is held as.
    ///   - products: what the products of the pass round float32 weights to.
    ///   - sequenceCount: sequences of a micro-batch; a preference pair has two.
    ///   - length: positions of the longest sequence.
    ///   - ownCount: own tokens of the longest sequence: rows that read the head.
    ///   - shardCount: passes that compute the micro-batch, each with a gradient and, of weights that are trained,
    ///     packed matrices of its own.
    public static func training(
        _ config: ModelConfig, adapterCount: Int?, weights: WeightFormat = .float32, products: WeightFormat = .float32,
        sequenceCount: Int, length: Int, ownCount: Int, shardCount: Int = 1
    ) -> MemoryPlan {
        var plan = MemoryPlan.zero
        let trained = adapterCount ?? ParameterLayout(config).count
        plan.parameters = trained * 4
        // Packed anew for each step where they change, and once in another format for the reference; a frozen base is
        // packed once more, for the backward pass.
        let isNarrowed = weights == .float32 && products != .float32
        let format = isNarrowed ? products : weights
        plan.packedWeights = format.backward.byteCount(of: config, transposed: true)
        if adapterCount == nil { plan.packedWeights = shardCount * (plan.packedWeights + format.byteCount(of: config)) }
        if isNarrowed { plan.packedWeights += format.byteCount(of: config) }
        plan.gradients = shardCount * trained * 4
        plan.optimiser = 2 * trained * 4
        let rows = sequenceCount * min(length, config.maxPositionCount)
        // Residual stream twice, query twice (before and after attention), key, value, gate, up, and a few per head.
        let perLayer = 2 * config.hiddenSize + 2 * config.headCount * config.headSize
            + 2 * config.keyValueHeadCount * config.headSize + 2 * config.feedForwardSize + config.headCount + 2
        let own = sequenceCount * ownCount
        let logits = own.multipliedReportingOverflow(by: config.vocabularySize)
        let limit = shardCount * TrainingPass.defaultLogitsLimit
        let kept = logits.overflow ? limit : min(logits.partialValue, limit)
        // Forward activations stay, and the backward pass holds one layer's derivatives beside them.
        plan.activations = ((config.layerCount + 1) * rows * perLayer + kept) * 4
        return plan
    }

    /// The memory of a reference that follows the policy: while it moves there are two of it, and where it follows by a
    /// mean, the mean.
    ///
    /// - Parameter adapterCount: floats of the adapter that it follows; nil where it follows all weights.
    public static func following(_ config: ModelConfig, adapterCount: Int? = nil, _ sync: ReferenceSync) -> MemoryPlan {
        var plan = answering(config, slotCount: 0, length: 0) * 2
        if let adapterCount { (plan.parameters, plan.packedWeights) = (2 * adapterCount * 4, 2 * adapterCount * 4) }
        if case .bema = sync.rule { plan.parameters += (adapterCount ?? ParameterLayout(config).count) * 4 }
        return plan
    }

    /// Both together.
    public static func + (left: MemoryPlan, right: MemoryPlan) -> MemoryPlan {
        MemoryPlan(
            parameters: left.parameters + right.parameters, packedWeights: left.packedWeights + right.packedWeights,
            gradients: left.gradients + right.gradients, optimiser: left.optimiser + right.optimiser,
            activations: left.activations + right.activations, keyValueCache: left.keyValueCache + right.keyValueCache)
    }

    /// The same several times.
    public static func * (plan: MemoryPlan, count: Int) -> MemoryPlan {
        (0..<count).reduce(.zero) { sum, _ in sum + plan }
    }

    /// The parts in MiB, for people; those that take nothing are left out.
    public var text: String {
        let parts = [
            ("parameters", parameters), ("packed weights", packedWeights), ("gradients", gradients), ("optimiser", optimiser),
            ("activations", activations), ("KV cache", keyValueCache),
        ].filter { $0.1 > 0 }.map { "\($0.0) \(MemoryPlan.mebibytes($0.1))" }
        return "\(MemoryPlan.mebibytes(total)) MiB (\(parts.joined(separator: ", ")))"
    }

    /// Bytes as MiB with one decimal.
    public static func mebibytes(_ bytes: Int) -> String {
        let tenths = (bytes * 10 + (1 << 19)) >> 20
        return "\(tenths / 10).\(tenths % 10)"
    }
}
