import AgonConnections
import Foundation

/// What the tests of programs need to know of the machine that they run on.
enum ProgramWorld {
    /// What this machine has, and every weaker means, so that each is tested wherever it can be.
    static let isolations: [Isolation] = {
        let weaker: [Isolation.Level] = geteuid() == 0 ? [.privateUser, .limits] : [.limits]
        let found = Isolation.sealed
        return [found]
            + weaker.filter { $0 != found.level }.map { Isolation(level: $0, filtersCalls: found.filtersCalls) }
    }()

    /// Whether a sealed program finds Python; the tests that need it are left out where it does not.
    static let hasPython = ["/usr/local/bin", "/usr/bin", "/bin"].contains {
        FileManager.default.isExecutableFile(atPath: $0 + "/python3")
    }

    /// A shell script as a program.
    static func shell(
        _ script: String, _ isolation: Isolation, limits: ProgramLimits = ProgramLimits(seconds: 30), files: [String: [UInt8]] = [:],
        mark: String = ""
    ) -> Program {
        var program = Program(
            ["sh", "-c", script], confinement: .sealed(files: files), limits: limits, isolation: isolation)
        if !mark.isEmpty { program.environment["MARK"] = mark }
        return program
    }

    /// A mark that no other process carries.
    static func mark() -> String { "mark-" + UUID().uuidString }

    /// Processes that still run with this mark in their environment or arguments.
    static func alive(_ mark: String) -> Int {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.filter { name in
            guard Int(name) != nil else { return false }
            return ["environ", "cmdline"].contains { file in
                let bytes = FileManager.default.contents(atPath: "/proc/\(name)/\(file)") ?? Data()
                return bytes.range(of: Data(mark.utf8)) != nil
            }
        }.count
    }

    /// A fresh folder for a test, that only its user may enter.
    static func folder() throws -> String {
        let path = NSTemporaryDirectory() + "/agon-test-" + UUID().uuidString
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        return path
    }
}
