/// What a program may use. Every limit is at least 1; nil is no limit, where there may be none.
public struct ProgramLimits: Sendable, Hashable {
    /// Wall clock from its start to its end, in seconds. For a program that is asked line by line each question has its own.
    public var seconds: Double
    /// Processor time of each of its processes, in seconds.
    public var cpuSeconds: Int?
    /// Memory, in MiB: of each process by its address space where the program is sealed, and of all together by what
    /// they hold, looked at many times a second.
    public var memoryMiB: Int?
    /// Processes and threads at one time.
    public var processes: Int?
    /// Open files of each process.
    public var files: Int?
    /// What its working folder and its `/tmp` may hold together, in MiB.
    public var diskMiB: Int
    /// What it may write to its standard output before it is ended, in bytes.
    public var outputBytes: Int

    public init(
        seconds: Double = 10, cpuSeconds: Int? = 10, memoryMiB: Int? = 512, processes: Int? = 32, files: Int? = 64,
        diskMiB: Int = 64, outputBytes: Int = 1 << 20
    ) {
        self.seconds = seconds
        self.cpuSeconds = cpuSeconds
        self.memoryMiB = memoryMiB
        self.processes = processes
        self.files = files
        self.diskMiB = diskMiB
        self.outputBytes = outputBytes
    }

    /// The most of standard error that is kept, in bytes; what comes after is read and dropped.
    public static let errorBytes = 1 << 16

    /// - Throws: `badSetting`, naming the first limit that cannot be.
    func check() throws(ConnectionError) {
        guard seconds > 0, seconds <= 1e6 else {
            throw ConnectionError(.badSetting, "A program's limit of \(seconds) seconds cannot be: give 0.001 to 1000000.")
        }
        let counts: [(String, Int?)] = [
            ("cpuSeconds", cpuSeconds), ("memoryMiB", memoryMiB), ("processes", processes), ("files", files),
            ("diskMiB", diskMiB), ("outputBytes", outputBytes),
        ]
        for case (let name, let value?) in counts where !(1...1 << 40).contains(value) {
            throw ConnectionError(.badSetting, "A program's limit `\(name)` of \(value) cannot be: give at least 1.")
        }
    }
}
