import Dispatch
import Synchronization

/// Independent work on several threads, results by index.
enum Parallel {
    /// Maps in parallel, at most `threads` at a time. The first error by index is thrown.
    static func map<Input: Sendable, Output: Sendable>(
        _ inputs: [Input], threads: Int, _ body: @Sendable (Input) throws -> Output
    ) throws -> [Output] {
        guard threads > 1, inputs.count > 1 else { return try inputs.map(body) }
        let results = Mutex<[Result<Output, any Error>?]>(Array(repeating: nil, count: inputs.count))
        let next = Mutex(0)
        DispatchQueue.concurrentPerform(iterations: min(threads, inputs.count)) { _ in
            while true {
                let index = next.withLock { value in
                    defer { value += 1 }
                    return value
                }
                guard index < inputs.count else { return }
                let result = Result { try body(inputs[index]) }
                results.withLock { $0[index] = result }
            }
        }
        return try results.withLock { $0 }.compactMap { try $0?.get() }
    }
}
