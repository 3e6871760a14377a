import AgonTransformer
import CKernels
import Foundation
import MachineLimits

/// Ceilings of the machine, and products alone.
extension EngineBench {
    /// The most memory that this process has held so far, in MiB. Not `getrusage`, whose maximum begins with the parent's.
    func peakMemory() -> Int {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return (line?.split(separator: " ").compactMap { Int($0) }.first ?? 0) >> 10
    }

    /// The kernel path that the engine takes, and the lanes of its vectors: the machine's limit is that of as many.
    private var path: (path: agon_path, lanes: Int32) {
        switch kernels.name {
        case "portable": (AGON_PATH_PORTABLE, 4)
        case "avx2": (AGON_PATH_AVX2, 8)
        case "avx512": (AGON_PATH_AVX512, 16)
        default: (AGON_PATH_AVX512_BF16, 16)
        }
    }

    func limits() -> String {
        let length = 1 << 26
        let memory = UnsafeMutableBufferPointer<Float>.allocate(capacity: length * threads)
        memory.initialize(repeating: 1)
        defer { memory.deallocate() }
        let source = memory.baseAddress!
        let (rounds, lanes) = (20_000_000, path.lanes)
        var operations = 0.0
        let arithmetic = least(5) {
            let done = onThreads { _ in
                var sink: Float = 0
                return agon_multiply_add(lanes, rounds, &sink) + (sink == 12345 ? 1 : 0)
            }
            operations = done.reduce(0, +)
        }
        let reading = least(5) {
            let sums = onThreads { Double(agon_read(source + $0 * length, length)) }
            precondition(sums.allSatisfy { $0 > 0 })
        }
        return "{\"kernels\": \"\(kernels.name)\", \"gflops\": \(operations / arithmetic * 1e-9), \"gb_per_second\": \(Double(4 * length * threads) / reading * 1e-9)}"
    }

    /// Outputs are cut among the threads, as the engine does.
    func product(_ m: Int, _ n: Int, _ k: Int) -> String {
        let table = agon_kernels_for(path.path).pointee
        let part = n / threads
        let isNarrow = weights == .bfloat16
        let words = isNarrow ? (k + 1) / 2 : k
        let x = filled(m * k), w = filled(n * k), y = filled(m * n), dw = filled(n * k), narrow = filled(m * (n + k))
        let panel = isNarrow ? table.packed_count_bfloat16(Int32(part), Int32(k)) : table.packed_count(Int32(part), Int32(k))
        let packed = filled(panel * threads)
        defer { for memory in [x, w, y, dw, narrow, packed] { memory.deallocate() } }
        for thread in 0..<threads {
            let pack = isNarrow ? table.pack_bfloat16 : table.pack
            pack?(w + thread * part * k, Int32(k), Int32(part), Int32(k), packed + thread * panel)
        }
        let forward = rate(Double(2 * m * n * k)) {
            if isNarrow { table.to_bfloat16(narrow, Int32(words), x, Int32(k), Int32(m), Int32(k)) }
            _ = onThreads { thread in
                let linear = isNarrow ? table.linear_bfloat16 : table.linear
                linear?(
                    y + thread * part, Int32(n), isNarrow ? narrow : x, Int32(words),
                    packed + thread * panel, Int32(m), Int32(part), Int32(k), nil, 0)
                return 0
            }
        }
        let backward = rate(Double(2 * m * n * k)) {
            let narrowX = narrow + (m + 1) / 2 * n
            if isNarrow {
                table.to_bfloat16_rows(narrow, y, Int32(n), Int32(m), Int32(n))
                table.to_bfloat16_rows(narrowX, x, Int32(k), Int32(m), Int32(k))
            }
            _ = onThreads { thread in
                let outer = isNarrow ? table.linear_dw_bfloat16 : table.linear_dw
                outer?(
                    dw + thread * part * k, Int32(k), (isNarrow ? narrow : y) + thread * part, Int32(n),
                    isNarrow ? narrowX : x, Int32(k), Int32(m), Int32(part), Int32(k))
                return 0
            }
        }
        return "{\"forward\": \(forward), \"gradient\": \(backward)}"
    }

    private func filled(_ count: Int) -> UnsafeMutablePointer<Float> {
        let memory = UnsafeMutablePointer<Float>.allocate(capacity: count)
        for index in 0..<count { memory[index] = Float(index % 17) * 0.01 - 0.08 }
        return memory
    }

    /// GFLOP/s: the median of calls for about half a second.
    private func rate(_ operations: Double, _ body: () -> Void) -> Double {
        body()
        var times: [Double] = []
        while times.count < 5 || times.reduce(0, +) < 0.5 { times.append(seconds(body)) }
        return operations / times.sorted()[times.count / 2] * 1e-9
    }

    private func least(_ count: Int, _ body: () -> Void) -> Double {
        (0..<count).map { _ in seconds(body) }.min() ?? 0
    }

    /// One call for each thread of the engine's own kind of team; the results in the threads' order.
    private func onThreads(_ body: @escaping (Int) -> Double) -> [Double] {
        let work = Work(body, count: threads)
        agon_team_run(team, { context, part in
            guard let context else { return }
            let work = Unmanaged<Work>.fromOpaque(context).takeUnretainedValue()
            work.results[Int(part)] = work.body(Int(part))
        }, Unmanaged.passUnretained(work).toOpaque())
        return Array(work.results)
    }

    private final class Work {
        let body: (Int) -> Double
        let results: UnsafeMutableBufferPointer<Double>

        init(_ body: @escaping (Int) -> Double, count: Int) {
            self.body = body
            results = .allocate(capacity: count)
        }

        deinit { results.deallocate() }
    }
}
