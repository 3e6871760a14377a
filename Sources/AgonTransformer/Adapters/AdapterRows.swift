import CKernels

/// What adapters add to a forward pass: on the rows of each adapter y += B·h with h = scale·A·x.
///
/// The base's products are computed for all rows together; the low-rank ones row range by row range. Since each row
/// of a product has its own order of summation, a row's result is the same bits beside rows of other adapters as alone.
///
/// Not Sendable: belongs to one pass.
final class AdapterRows {
    /// Neighbouring rows of one adapter. Rows of the base alone are in no run.
    struct Run {
        let adapter: PackedAdapter
        /// Which of the batch's policies it is.
        let index: Int
        /// Counted from the group's first row, or its first needed row.
        var rows: Range<Int>
    }

    let config: ModelConfig
    let kernels: Kernels
    /// The same on one thread, for runs that threads compute side by side.
    private let alone: Kernels
    /// By policy index; nil for the base alone.
    private(set) var adapters: [PackedAdapter?] = []
    private let storage = FloatBuffer()
    private let scratch = FloatBuffer()
    private var layerCount = 1
    private var rowCount = 0
    /// h by site, each `[layers][rows, width]`.
    private var hidden: [Floats] = []
    private var widths: [Int] = []
    /// `[group rows, C]`, and dropped inputs `[group rows, widest input]`.
    private var product: Floats?
    private var dropped: Floats?
    private var firstRow = 0
    private var firstNeeded = 0
    private var rowRuns: [Run] = []
    private var neededRuns: [Run] = []
    /// Of each row of the group, and of each needed row; empty without dropout.
    private var rowKeys: [UInt64] = []
    private var neededKeys: [UInt64] = []

    init(_ config: ModelConfig, kernels: Kernels) {
        self.config = config
        self.kernels = kernels
        alone = kernels.withThreads(1)
    }

    /// Whether any policy of the batch has an adapter.
    var isActive: Bool { !widths.isEmpty }

    /// Makes room for a batch of these policies.
    ///
    /// - Parameters:
    ///   - rows: rows whose h is kept for each of the layers.
    ///   - groupRows: rows that pass through the layers together, at most.
    ///   - dropsOut: whether the adapters' dropout applies.
    func prepare(_ adapters: [PackedAdapter?], layers: Int, rows: Int, groupRows: Int, dropsOut: Bool = false) {
        self.adapters = adapters
        let active = adapters.compactMap(\.self)
        guard !active.isEmpty else {
            widths = []
            return
        }
        (layerCount, rowCount) = (layers, rows)
        widths = AdapterSite.allCases.map { site in
            active.reduce(0) { max($0, $1.layout.greatestRank(of: site)) }
        }
        hidden = storage.reserve(widths.map { layers * rows * $0 })
        let widest = AdapterSite.allCases.map { $0.inputs(config) }.max() ?? 0
        let hasDropout = dropsOut && active.contains { $0.dropout > 0 }
        let p = scratch.reserve([groupRows * config.hiddenSize, hasDropout ? groupRows * widest : 0])
        (product, dropped) = (p[0], hasDropout ? p[1] : nil)
    }

    /// Finds the runs of a group that is about to pass.
    ///
    /// - Parameter keepsRows: whether h of the whole batch is kept, so that the group has its own part of it.
    func begin(_ group: RaggedBatch.Group, of batch: RaggedBatch, keepsRows: Bool) {
        guard isActive else { return }
        firstRow = keepsRows ? group.rows.lowerBound : 0
        firstNeeded = keepsRows ? group.needed.lowerBound : 0
        (rowRuns, neededRuns) = ([], [])
        for sequence in group.sequences {
            let span = batch.spans[sequence]
            extend(&rowRuns, span.policy, span.first - group.rows.lowerBound, span.count)
            let needed = batch.neededStarts[sequence]..<batch.neededStarts[sequence + 1]
            extend(&neededRuns, span.policy, needed.lowerBound - group.needed.lowerBound, needed.count)
        }
        setKeys(group, batch)
    }

    /// The runs of a decoding step: all layers on all rows.
    ///
    /// - Parameter counts: policy index and row count of each piece, in the order of the rows.
    func begin(_ counts: some Sequence<(policy: Int, rows: Int)>) {
        guard isActive else { return }
        (firstRow, firstNeeded) = (0, 0)
        rowRuns = []
        var first = 0
        for (policy, rows) in counts {
            extend(&rowRuns, policy, first, rows)
            first += rows
        }
        neededRuns = rowRuns
    }

    private func extend(_ runs: inout [Run], _ policy: Int, _ first: Int, _ count: Int) {
        guard count > 0, let adapter = adapters[policy] else { return }
        if let last = runs.last, last.index == policy, last.rows.upperBound == first {
            runs[runs.count - 1].rows = last.rows.lowerBound..<first + count
        } else {
            runs.append(Run(adapter: adapter, index: policy, rows: first..<first + count))
        }
    }

    private func setKeys(_ group: RaggedBatch.Group, _ batch: RaggedBatch) {
        guard dropped != nil else { return }
        rowKeys.removeAll(keepingCapacity: true)
        for sequence in group.sequences {
            let span = batch.spans[sequence]
            for row in span.first..<span.first + span.count {
                rowKeys.append(mixBits(span.dropoutKey &+ mixBits(UInt64(batch.positions[row]))))
            }
        }
        neededKeys = group.needed.map { rowKeys[Int(batch.neededRows[$0]) - group.rows.lowerBound] }
    }

    private func isTail(_ site: AdapterSite, _ layer: Int) -> Bool {
        layer == config.layerCount - 1 && site != .attentionInput
    }

    /// The runs at a site: of the needed rows where the last layer has gathered them, else of all.
    func runs(_ site: AdapterSite, layer: Int) -> [Run] { isTail(site, layer) ? neededRuns : rowRuns }

    /// h of a run `[rows, width]`.
    func hidden(_ site: AdapterSite, layer: Int, _ run: Run) -> (memory: Floats, width: Int) {
        let width = widths[site.rawValue]
        let row = (layerCount > 1 ? layer * rowCount : 0) + (isTail(site, layer) ? firstNeeded : firstRow)
        return (hidden[site.rawValue] + (row + run.rows.lowerBound) * width, width)
    }

    /// A run's input with dropout, where the batch's sequences have keys for it.
    ///
    /// The mask is a function of the sequence's key, the position, the layer and the site: the backward pass makes the
    /// same again. Layers that read one input share it.
    func input(_ site: AdapterSite, layer: Int, _ run: Run, _ x: Floats) -> Floats {
        let inputs = site.inputs(config)
        let own = x + run.rows.lowerBound * inputs
        guard let dropped, isDropping(run) else { return own }
        drop(site, layer: layer, run, from: own, into: dropped)
        return dropped
    }

    /// Whether a run's inputs have dropout in this pass.
    func isDropping(_ run: Run) -> Bool { dropped != nil && run.adapter.dropout > 0 }

    /// Applies a run's mask to rows `[rows, inputs]`, which may be the result's own memory.
    func drop(_ site: AdapterSite, layer: Int, _ run: Run, from x: Floats, into y: Floats) {
        let inputs = site.inputs(config)
        let keys = isTail(site, layer) ? neededKeys : rowKeys
        for (index, row) in run.rows.enumerated() {
            let key = mixBits(keys[row] &+ UInt64(site.depth(layer: layer) + 1) &* 0x9E37_79B9_7F4A_7C15)
            kernels.table.pointee.dropout(
                y + index * inputs, x + index * inputs, Int32(inputs), run.adapter.dropout, key)
        }
    }

    /// y += B·h on a run's rows of each part; y's pointers are those of the whole group.
    private func addLowRank(
        _ site: AdapterSite, layer: Int, _ run: Run, _ here: PackedAdapter.Site, x: Floats, to y: Floats, _ ldy: Int,
        second: Floats?, _ kernels: Kernels
    ) {
        let rows = run.rows.count
        let (h, width) = hidden(site, layer: layer, run)
        kernels.linear(h, width, input(site, layer: layer, run, x), here.inputs, here.a, rows: rows)
        for part in here.parts {
            let target = Self.target(part, y, ldy, second, run)
            kernels.linear(target, ldy, h + part.layout.rankStart, width, part.b, rows: rows, accumulate: true)
            if let gain = part.gain {
                kernels.scaleColumns(target, ldy, gain: gain, bias: part.bias, rows: rows, columns: part.outputs)
            }
        }
    }

    /// Where a part's columns begin: `up` has rows beside those of `gate`, the others follow one another in a row.
    static func target(_ part: PackedAdapter.Part, _ y: Floats, _ ld: Int, _ second: Floats?, _ run: Run) -> Floats {
        (part.layout.module == .up ? second ?? y : y) + run.rows.lowerBound * ld + part.column
    }

    /// Adds to the base's product at a site that writes rows of its own.
    ///
    /// - Parameters:
    ///   - x: the common input `[rows, inputs]`.
    ///   - y: W·x, rows of `ldy`; `second` those of `up_proj`.
    func add(_ site: AdapterSite, layer: Int, x: Floats, to y: Floats, _ ldy: Int, second: Floats? = nil) {
        guard isActive else { return }
        forEach(runs(site, layer: layer), site, layer) { run, here, kernels in
            addLowRank(site, layer: layer, run, here, x: x, to: y, ldy, second: second, kernels)
        }
    }

    /// Many runs of few rows are dealt to the threads, a run each: alone none of them is work for two.
    private func forEach(
        _ runs: [Run], _ site: AdapterSite, _ layer: Int, _ body: (Run, PackedAdapter.Site, Kernels) -> Void
    ) {
        // Dropped inputs lie in one memory for all runs.
        guard runs.count > 1, kernels.threadCount > 1, dropped == nil else {
            for run in runs {
                if let here = run.adapter.site(site, layer: layer) { body(run, here, kernels) }
            }
            return
        }
        let cost = runs.reduce(0) { sum, run in
            sum + run.rows.count * widths[site.rawValue] * 2 * site.inputs(config) / 64
        }
        kernels.deal(runs.count, nanoseconds: cost) { unit, _ in
            let run = runs[unit]
            if let here = run.adapter.site(site, layer: layer) { body(run, here, alone) }
        }
    }

    /// y += W·x and what the adapters add to it, at a site that writes into the residual stream `[rows, C]`.
    func addProduct(
        _ site: AdapterSite, layer: Int, x: Floats, _ matrix: PackedMatrix, to y: Floats, rows: Int
    ) {
        let (c, inputs) = (config.hiddenSize, site.inputs(config))
        let runs = isActive ? runs(site, layer: layer) : []
        let scaled = runs.filter { $0.adapter.site(site, layer: layer)?.hasGains == true }
        if scaled.isEmpty {
            kernels.linear(y, c, x, inputs, matrix, rows: rows, accumulate: true)
        } else if let product {
            // Gains apply to the product alone, so it cannot be summed into the stream at once.
            kernels.linear(product, c, x, inputs, matrix, rows: rows)
            forEach(scaled, site, layer) { run, here, kernels in
                addLowRank(site, layer: layer, run, here, x: x, to: product, c, second: nil, kernels)
            }
            kernels.table.pointee.axpy(y, product, 1, rows * c)
        }
        forEach(runs, site, layer) { run, here, kernels in
            guard !here.hasGains else { return }
            addLowRank(site, layer: layer, run, here, x: x, to: y, c, second: nil, kernels)
        }
    }
}
