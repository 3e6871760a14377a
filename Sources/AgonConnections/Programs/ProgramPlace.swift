import CSandbox
import Foundation
import Synchronization

/// What a program is lent for its life: a folder, where it is sealed a user, and a mark to find it by.
final class ProgramPlace {
    let folder: String
    /// A user id of its own; 0 where it keeps the caller's.
    let user: UInt32
    /// Stands in its environment where nothing else tells its processes from others.
    let marker: String?
    private let lease: Int32
    private let isPrivate: Bool

    private static let count = Atomic<Int>(0)

    init(_ program: Program) throws(ConnectionError) {
        let name = program.command.first ?? ""
        let number = ProgramPlace.count.add(1, ordering: .relaxed).newValue
        marker = program.isolation.level == .limits ? "\(getpid())-\(number)" : nil
        switch program.confinement {
        case .tethered(let folder):
            (self.folder, isPrivate, user, lease) = (folder.isEmpty ? "." : folder, false, 0, -1)
        case .sealed(let files, _):
            for file in files.keys where file.isEmpty || file.hasPrefix(".") || file.contains("/") || file.utf8.contains(0) {
                throw ConnectionError(.badSetting, "A program's file cannot be named `\(file)`: give a plain name such as solution.py.")
            }
            var (descriptor, user) = (Int32(-1), UInt32(0))
            if geteuid() == 0, program.isolation.level != .limits {
                user = agon_user_lease(&descriptor)
                guard user != 0 else {
                    throw ConnectionError(.notStarted, "The program `\(name)` could not be started: no user id is free for it.")
                }
            }
            guard let folder = ProgramPlace.makeFolder() else {
                let reason = String(cString: strerror(errno))
                if descriptor >= 0 { close(descriptor) }
                throw ConnectionError(
                    .notStarted, "The program `\(name)` could not be started: no folder in \(NSTemporaryDirectory()) could be made: \(reason).")
            }
            (self.folder, isPrivate, self.user, lease) = (folder, true, user, descriptor)
            if user != 0, program.isolation.level == .privateUser { chown(folder, user, user) }
        }
    }

    private static func makeFolder() -> String? {
        var template = Array((NSTemporaryDirectory() + "/agon-XXXXXX").utf8CString)
        return mkdtemp(&template).map { String(cString: $0) }
    }

    /// The environment as the program gets it. A sealed one's home and temporary files are where it may write.
    func environment(_ program: Program) -> [String] {
        var variables = program.environment
        if let marker { variables["AGON_PROGRAM"] = marker }
        if isPrivate {
            let hasRoot = program.isolation.level == .namespaces
            variables["HOME"] = hasRoot ? "/work" : folder
            variables["TMPDIR"] = hasRoot ? "/tmp" : folder
        }
        return variables.filter { !$0.key.utf8.contains(0) && !$0.value.utf8.contains(0) }.map { "\($0)=\($1)" }.sorted()
    }

    /// What the folder holds, in bytes.
    func bytes() -> Int {
        var sum = 0
        guard let walk = FileManager.default.enumerator(atPath: folder) else { return 0 }
        while let name = walk.nextObject() as? String {
            var state = stat()
            if lstat("\(folder)/\(name)", &state) == 0 { sum += Int(state.st_blocks) * 512 }
        }
        return sum
    }

    /// Removes the folder, whatever the program left in it, and gives back the user.
    func leave() {
        if isPrivate, (try? FileManager.default.removeItem(atPath: folder)) == nil {
            // Folders that their owner may not enter stand in the way of others than root.
            for name in FileManager.default.subpaths(atPath: folder) ?? [] { chmod("\(folder)/\(name)", 0o700) }
            chmod(folder, 0o700)
            try? FileManager.default.removeItem(atPath: folder)
        }
        if lease >= 0 { close(lease) }
    }
}
