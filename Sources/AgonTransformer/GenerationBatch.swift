import AgonCore
import CKernels

/// The requests of one thread: who decodes now, who waits, and the memory they use, which outlives a run.
///
/// A prompt of T tokens enters the cache with its first T − 1; the last one is an ordinary decoding step, so the
/// head runs in one place and a prompt's copy needs no logits.
final class GenerationBatch {
    /// A request that is decoding.
    private struct Row {
        let request: Int
        let policy: Int
        let slot: Int
        /// The token that the next step reads.
        var next: Int32
        /// The completion can have this many tokens.
        let limit: Int
    }

    /// Neighbouring tokens of one slot that pass through the layers together.
    struct Piece {
        let slot: Int
        let policy: Int
        /// Position of the first token.
        let start: Int
        let tokens: ArraySlice<Int32>
    }

    private let model: Transformer
    private let kernels: Kernels
    /// By policy index; nil for the base alone.
    private let policies: [PackedAdapter?]
    private let slotCount: Int
    private var requests: ArraySlice<GenerationRequest> = []
    /// One per request, from index 0 on.
    private var results: [Generation] = []
    private var cache: KeyValueCache
    /// Oldest first.
    private var freeSlots: [Int]
    private var rows: [Row] = []
    private var waiting = 0
    /// Why the last run ended early; nil where it did not.
    private(set) var failure: TransformerError?
    private var pass: DecodingPass

    /// - Parameter threads: how many threads share each step.
    init(_ model: Transformer, policies: [PackedAdapter?], slotCount: Int, threads: Int) {
        self.model = model
        self.policies = policies
        kernels = model.kernels.withThreads(threads)
        self.slotCount = slotCount
        cache = KeyValueCache(model.config, kernels: model.kernels, slotCount: 0, capacity: 0)
        freeSlots = Array(0..<slotCount)
        pass = DecodingPass(model, policies: policies, kernels: kernels, rotary: model.rotary)
    }

    /// Decodes until every request has ended, or until the model fails.
    func run(_ requests: ArraySlice<GenerationRequest>) {
        self.requests = requests
        failure = nil
        results = requests.map { _ in Generation(tokens: [], logProbs: [], finish: .length) }
        waiting = requests.startIndex
        reserve(requests.reduce(1) { max($0, $1.limit(model.config) + $1.tokens.count) })
        while true {
            admit()
            guard !rows.isEmpty else { return }
            step()
        }
    }

    /// The generations of the last run.
    func takeResults() -> [Generation] {
        defer { results = [] }
        return results
    }

    /// Makes room for sequences of this length; a larger cache begins empty.
    private func reserve(_ length: Int) {
        guard length > cache.capacity else { return }
        let capacity =
            cache.capacity == 0 ? length : min(model.config.maxPositionCount, max(length, 2 * cache.capacity))
        cache = KeyValueCache(model.config, kernels: model.kernels, slotCount: slotCount, capacity: capacity)
        pass = DecodingPass(
            model, policies: policies, kernels: kernels, rotary: model.rotary.covering(capacity, model.config))
    }

    /// Gives free slots to waiting requests and fills their caches.
    private func admit() {
        var entering: [Row] = []
        while waiting < requests.endIndex, !freeSlots.isEmpty {
            let request = requests[waiting]
            let limit = request.limit(model.config)
            defer { waiting += 1 }
            guard limit > 0, let last = request.tokens.last else { continue }
            entering.append(
                Row(
                    request: waiting, policy: request.policyIndex, slot: takeSlot(for: request), next: last,
                    limit: limit))
        }
        guard !entering.isEmpty else { return }
        // Rows of one adapter next to one another share its products; the order changes no result.
        entering.sort { ($0.policy, $0.request) < ($1.policy, $1.request) }
        rows = (rows + entering).sorted { ($0.policy, $0.request) < ($1.policy, $1.request) }
        prefill(entering)
    }

    /// The slot that already holds most of a request, so that nothing is copied, else the one unused for longest.
    private func takeSlot(for request: GenerationRequest) -> Int {
        var best = (place: 0, count: 0)
        for (place, slot) in freeSlots.enumerated() where cache.policies[slot] == request.policyIndex {
            let count = sharedPrefix(cache.tokens[slot][...], request.tokens[...])
            if count > best.count { best = (place, count) }
        }
        return freeSlots.remove(at: best.place)
    }

    /// Computes what no slot holds yet. Those that begin like another one of the same wave wait for it.
    private func prefill(_ entering: [Row]) {
        var pending = entering
        while !pending.isEmpty {
            var pieces: [Piece] = []
            var later: [Row] = []
            var wave: [(text: ArraySlice<Int32>, policy: Int)] = []
            for row in pending {
                let text = requests[row.request].tokens.dropLast()
                let donor = cache.longestPrefix(of: text, policy: row.policy)
                let mate = wave.reduce(0) { $1.policy == row.policy ? max($0, sharedPrefix($1.text, text)) : $0 }
                guard mate <= (donor?.count ?? 0) + Self.worthWaiting else {
                    later.append(row)
                    continue
                }
                let held = donor?.count ?? 0
                if let donor {
                    cache.copyPrefix(held, from: donor.slot, to: row.slot)
                } else {
                    cache.tokens[row.slot] = []
                    cache.policies[row.slot] = row.policy
                }
                if held < text.count {
                    pieces.append(
                        Piece(slot: row.slot, policy: row.policy, start: held, tokens: text.dropFirst(held)))
                    wave.append((text, row.policy))
                }
            }
            for chunk in Self.chunks(of: pieces) { pass.advance(chunk, &cache, needsResult: false) }
            pending = later
        }
    }

    /// Waiting for a mate of the same wave pays when it saves at least this many tokens.
    private static let worthWaiting = 4

    /// Cuts and groups pieces so that about a group's rows pass together.
    private static func chunks(of pieces: [Piece]) -> [[Piece]] {
        var chunks: [[Piece]] = []
        var room = 0
        for var piece in pieces {
            while !piece.tokens.isEmpty {
                if room == 0 {
                    chunks.append([])
                    room = RaggedBatch.groupRowLimit
                }
                let part = piece.tokens.prefix(room)
                chunks[chunks.count - 1].append(
                    Piece(slot: piece.slot, policy: piece.policy, start: piece.start, tokens: part))
                room -= part.count
                piece = Piece(
                    slot: piece.slot, policy: piece.policy, start: piece.start + part.count,
                    tokens: piece.tokens.dropFirst(part.count))
            }
        }
        return chunks
    }

    /// One token for every row.
    private func step() {
        let pieces = rows.map {
            Piece(slot: $0.slot, policy: $0.policy, start: cache.tokens[$0.slot].count, tokens: [$0.next])
        }
        pass.advance(pieces, &cache, needsResult: true)
        let v = model.config.vocabularySize
        let tokens = drawAll()
        guard !tokens.contains(where: { $0 < 0 }) else { return fail() }
        var remaining: [Row] = []
        remaining.reserveCapacity(rows.count)
        for (index, row) in rows.enumerated() {
            let request = requests[row.request]
            let result = row.request - requests.startIndex
            let logits = pass.logits + index * v
            let token = tokens[index]
            results[result].tokens.append(token)
            results[result].logProbs.append(logits[Int(token)] - pass.logSum[index])
            if request.endTokens(model.config).contains(token) {
                results[result].finish = .stop
                freeSlots.append(row.slot)
            } else if results[result].tokens.count == row.limit {
                freeSlots.append(row.slot)
            } else {
                var next = row
                next.next = token
                remaining.append(next)
            }
        }
        rows = remaining
    }

    /// Ends the run. Weights that are finite one by one may still overflow together, in a hostile file or after a
    /// training that diverged; a token cannot be drawn from what comes of them.
    private func fail() {
        failure = TransformerError(
            .invalidTensor,
            "The model's logits are not finite numbers, so that no token can be drawn; "
                + "use weights from before the training diverged.")
        freeSlots += rows.map(\.slot)
        rows = []
        waiting = requests.endIndex
    }

    /// The next token of every row; −1 where its logits are not finite numbers.
    private func drawAll() -> [Int32] {
        let v = model.config.vocabularySize
        return [Int32](unsafeUninitializedCapacity: rows.count) { tokens, count in
            count = rows.count
            guard let first = tokens.baseAddress else { return }
            kernels.share(rows.count, nanoseconds: rows.count * v) { part in
                var draw = TokenDraw(kernels: model.kernels)
                for index in part {
                    let row = rows[index]
                    let request = requests[row.request]
                    let token = draw.token(
                        of: pass.logits + index * v, count: request.allowedTokenCount ?? v, sampling: request.sampling,
                        key: request.key, position: results[row.request - requests.startIndex].tokens.count,
                        said: cache.tokens[row.slot][...])
                    (first + index).initialize(to: pass.logSum[index].isFinite ? token : -1)
                }
            }
        }
    }
}
