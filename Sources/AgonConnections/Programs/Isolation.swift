import CSandbox
import Foundation

/// How far programs are kept apart from this machine, and what of their limits is enforced.
///
/// Found once by trying it: kernels, containers and users differ in what they allow.
public struct Isolation: Sendable, Hashable {
    /// The means, the strongest first.
    public enum Level: String, Sendable, CaseIterable {
        /// Process, mount, network and IPC namespaces of Linux; under root with a user id of its own in addition.
        case namespaces
        /// A user id that nothing else on the machine has; needs root.
        case privateUser = "private_user"
        /// Limits on resources, and a list of what was started.
        case limits
    }

    public var level: Level
    /// Whether the system calls that open sockets and reach into other processes are refused.
    public var filtersCalls: Bool

    public init(level: Level, filtersCalls: Bool) {
        self.level = level
        self.filtersCalls = filtersCalls
    }

    /// Whether a sealed program can reach no network, not even the machine's own.
    public var hidesNetwork: Bool { level == .namespaces || filtersCalls }
    /// Whether a sealed program sees only the system's folders, and those read-only.
    public var hidesFiles: Bool { level == .namespaces }
    /// Whether a sealed program can change no files and end no processes of the user who started it.
    public var protectsUser: Bool { level != .limits }
    /// Whether the number of processes is bounded by the kernel, for root too; else many times a second by looking.
    public var boundsProcesses: Bool { level != .limits }
    /// Whether everything that a program started surely ends with it, whatever it did to hide.
    public var endsEverything: Bool { level != .limits }

    /// Whether its means are `wanted` or stronger.
    public func reaches(_ wanted: Level) -> Bool {
        Level.allCases.first { $0 == level || $0 == wanted } == level
    }

    /// The strongest that this machine allows for a sealed program.
    public static let sealed: Isolation = strongest(isSealed: true)
    /// The strongest that this machine allows for a program that keeps the machine's files and network.
    public static let tethered: Isolation = strongest(isSealed: false)

    /// One sentence for people: what is enforced on sealed programs, and what is not.
    public var sentence: String {
        var held = ["time, memory, open files, disk and output"]
        var open: [String] = []
        boundsProcesses ? held.append("processes") : open.append("processes are counted many times a second only")
        endsEverything
            ? held.append("the end of everything that was started")
            : open.append("a program that hides from its parent and clears its environment can outlive its limit")
        hidesNetwork ? held.append("no network") : open.append("the network can be reached")
        if hidesFiles {
            held.append("no files but the system's, read-only")
        } else {
            open.append(
                protectsUser
                    ? "files that everybody may read or write can be" : "files and processes of the user who runs it can be changed and ended")
        }
        let means =
            switch level {
            case .namespaces: "namespaces"
            case .privateUser: "a private user"
            case .limits: "resource limits"
            }
        let rest = open.isEmpty ? "" : "; not enforced here: \(open.joined(separator: "; "))"
        return "Programs are sealed by \(means)\(filtersCalls ? " and a filter of system calls" : ""): \(held.joined(separator: ", "))\(rest)."
    }

    /// The strongest of `levels` under which a start without a program succeeds.
    private static func strongest(isSealed: Bool) -> Isolation {
        let canFilter = isSealed && agon_sandbox_has_filter() == 1
        for level in Level.allCases where level != .privateUser || (isSealed && geteuid() == 0) {
            for filtersCalls in canFilter ? [true, false] : [false] {
                let isolation = Isolation(level: level, filtersCalls: filtersCalls)
                let confinement = isSealed ? Program.Confinement.sealed() : .tethered(folder: "/")
                var program = Program([], confinement: confinement, isolation: isolation)
                program.environment = [:]
                if (try? ProgramProcess.probe(program)) == true { return isolation }
            }
        }
        return Isolation(level: .limits, filtersCalls: false)
    }
}
