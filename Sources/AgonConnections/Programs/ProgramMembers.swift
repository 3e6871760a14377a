import CSandbox
import Foundation

/// Every process that a program has, found in the system's list of processes.
struct ProgramMembers {
    let pid: Int32
    let level: Isolation.Level
    let user: UInt32
    let marker: String?

    /// What the processes hold together.
    struct Usage {
        var processCount = 0
        var memoryMiB = 0.0
    }

    /// The list in which the members stand. Those in a namespace have one of their own, with numbers of its own.
    private var list: String { level == .namespaces ? "/proc/\(pid)/" + "root" + "/proc" : "/proc" }

    private func entries() -> [String] {
        guard let folder = opendir(list) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { place in
                place.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.utf8.allSatisfy({ (48...57).contains($0) }), isMember(name) { names.append(name) }
        }
        return names
    }

    private func isMember(_ name: String) -> Bool {
        switch level {
        case .namespaces: return true
        case .privateUser:
            var state = stat()
            return stat("/proc/\(name)", &state) == 0 && state.st_uid == user
        case .limits:
            // After the name, which may hold anything: state, parent, group, session.
            let fields = ProgramMembers.read("/proc/\(name)/stat").split(separator: ")").last?.split(separator: " ") ?? []
            guard fields.count > 3, fields[0] != "Z" else { return false }
            if Int32(fields[2]) == pid || Int32(fields[3]) == pid { return true }
            guard let marker else { return false }
            return ProgramMembers.read("/proc/\(name)/environ").split(separator: "\0").contains("AGON_PROGRAM=\(marker)")
        }
    }

    /// A small file of the system, empty where it is gone or not to be read.
    private static func read(_ path: String) -> String {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return "" }
        defer { close(file) }
        let bytes = [UInt8](unsafeUninitializedCapacity: 65536) { buffer, count in
            count = 0
            while count < buffer.count {
                let found = Foundation.read(file, buffer.baseAddress.map { $0 + count }, buffer.count - count)
                guard found > 0 else { break }
                count += found
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// How many members there are, and their memory.
    func usage() -> Usage {
        var usage = Usage()
        let pageBytes = Double(sysconf(Int32(_SC_PAGESIZE)))
        for name in entries() {
            usage.processCount += 1
            // Resident pages less those of files and shared memory: a folder in memory has a limit of its own. What
            // processes share since a fork counts for each.
            let fields = ProgramMembers.read("\(list)/\(name)/statm").split(separator: " ")
            if fields.count > 2, let resident = Double(fields[1]), let shared = Double(fields[2]) {
                usage.memoryMiB += (resident - shared) * pageBytes / 1_048_576
            }
        }
        return usage
    }

    /// Ends what is left beside the program itself, which has been killed or has ended.
    func killAll() {
        switch level {
        // With the first process of a namespace the kernel ends the others.
        case .namespaces: break
        case .privateUser: _ = agon_user_kill(user)
        case .limits:
            kill(-pid, SIGKILL)
            for _ in 0..<100 {
                let left = entries().compactMap { Int32($0) }.filter { $0 != pid }
                if left.isEmpty { return }
                for member in left { kill(member, SIGKILL) }
                usleep(1000)
            }
        }
    }
}
