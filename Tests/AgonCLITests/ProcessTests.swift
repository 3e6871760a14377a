import Foundation
import Testing

@Suite("Signals, pipes, terminals and exit codes", .timeLimit(.minutes(2))) struct ProcessTests {
    @Test("Ctrl-C commits and ends with 130; meanwhile a second run is told who holds the database, and reports work")
    func interrupted() throws {
        let project = try Project()
        let long = try project.start("run", "long")
        try long.read(until: "round 1/")
        let second = try project.run("run", "tiny")
        #expect(second.code == 1)
        #expect(second.errors.contains("is in use by process \(long.id): arena long, run long-1-"))
        #expect(second.errors.contains("since 20"))
        #expect(try project.run("report", "long").code == 0)
        long.interrupt()
        try long.readErrors(until: "Stopping: what is in flight is finished and committed.")
        let rest = long.readToEnd()
        #expect(!rest.contains("leaderboard/"))
        #expect(long.errorsToEnd().contains("Stopped. What was reported is committed"))
        #expect(long.end() == 130)
        let again = try project.start("run", "long")
        try again.read(until: "goes on after round")
        again.interrupt()
        _ = again.readToEnd()
        #expect(again.end() == 130)
        #expect(try project.run("run", "tiny", "--quiet").code == 0)
    }

    @Test("a second Ctrl-C ends at once with 130, and nothing is lost by it")
    func interruptedTwice() throws {
        let project = try Project()
        try project.pretrain()
        try project.write("kind: transformer\nmodel: ../mini\n", to: "agents/twin/agent.yaml")
        try project.write(Project.answers("wide", maxNewTokens: 24, seats: 64), to: "arenas/wide.yaml")
        let run = try project.start("run", "wide")
        try run.read(until: "Run wide")
        run.interrupt()
        try run.readErrors(until: "Ctrl-C again ends at once")
        run.interrupt()
        // A fast machine may have committed the rooms in flight before the second signal arrived.
        let errors = run.errorsToEnd()
        #expect(errors.contains("Ended at once.") || errors.contains("Stopped."))
        #expect(run.end() == 130)
        #expect(try project.run("arenas").code == 0)
    }

    @Test("a round lost to forfeits ends the run with 3, again and again until the limit is raised")
    func forfeits() throws {
        let project = try Project()
        try project.pretrain()
        try project.write("kind: transformer\nmodel: ../mini\n", to: "agents/twin/agent.yaml")
        let arena = Project.answers("mute", maxNewTokens: 1, seats: 1).replacingOccurrences(of: "256", with: "8")
        try project.write(arena, to: "arenas/mute.yaml")
        for _ in 1...2 {
            let lost = try project.run("run", "mute")
            #expect(lost.code == 3)
            #expect(lost.errors.contains("16 of 16 rollouts were forfeits, more than the 90.0 % that `limits.forfeits` allows"))
        }
        try project.write(arena + "limits: {forfeits: 1}\n", to: "arenas/mute.yaml")
        #expect(try project.run("run", "mute", "--quiet").code == 0)
    }

    @Test("what cannot be done ends with 1 and a sentence")
    func failed() throws {
        let project = try Project()
        let missing = try project.run("report", "tiny")
        #expect(missing.code == 1)
        #expect(missing.errors == "agon: there is no database leaderboard/arena.sqlite: `agon run arenas/tiny.yaml` makes it.\n")
        #expect(try project.run("report", "tiny", "--db", "d").errors.hasPrefix("agon: there is no database d: "))
        try project.write("not a database, however long it is made so that it is no header", to: "leaderboard/arena.sqlite")
        for arguments in [["run", "tiny"], ["agents"], ["arenas"], ["report", "tiny"]] {
            let running = try Running(project, arguments)
            _ = running.readToEnd()
            #expect(running.errorsToEnd().hasPrefix("agon: cannot open "))
            #expect(running.end() == 1)
        }
    }

    @Test("a reader that goes away ends a command as it ends every filter, without a word")
    func brokenPipe() throws {
        let project = try Project()
        #expect(try project.run("run", "tiny", "--quiet").code == 0)
        for arguments in [["report", "tiny", "--json"], ["run", "long"]] {
            let running = try Running(project, arguments)
            try running.closeOutput()
            #expect(running.errorsToEnd() == "")
            #expect(running.end() == -SIGPIPE)
        }
    }

    @Test("on a terminal the progress is painted over and no line is wider than it", arguments: [40, 80])
    func terminal(columns: Int) throws {
        let project = try Project()
        let text = try Terminal.output(of: project, ["run", "tiny"], columns: columns)
        #expect(text.contains("tiny: round 2/3"))
        #expect(text.contains("\u{1B}[J"))
        let plain = text.replacing(#/\u{1B}\[[0-9;]*[A-Za-z]/#, with: "\r")
        for line in plain.split(whereSeparator: { $0 == "\r" || $0 == "\n" || $0 == "\r\n" }) {
            #expect(line.count <= columns, "\(line)")
        }
        // The last thing on the screen is the report, above which the block was taken away.
        let report = try #require(text.range(of: "tiny · 3 rounds · seed 1"))
        #expect(text[..<report.lowerBound].hasSuffix("\u{1B}[J\u{1B}[1m"))
        #expect(text.hasSuffix("report: leaderboard/tiny/report.html\r\n"))
    }
}

/// A terminal of a given width that keeps what is printed on it.
enum Terminal {
    /// - Parameter keys: each is typed where the text before it has been printed once more.
    static func output(
        of project: Project, _ arguments: [String], columns: Int, keys: [(after: String, key: String)] = []
    ) throws -> String {
        let (master, slave) = try pair()
        var size = winsize(ws_row: 24, ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
        try #require(ioctl(slave, UInt(TIOCSWINSZ), &size) == 0)
        let handle = FileHandle(fileDescriptor: slave, closeOnDealloc: false)
        let running = try Running(project, arguments, terminal: handle, isTyped: !keys.isEmpty)
        close(slave)
        defer { close(master) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        // Reading fails where the last writer has gone.
        var (rest, answered) = (keys[...], 0)
        while case let count = read(master, &chunk, chunk.count), count > 0 {
            bytes += chunk.prefix(count)
            while let next = rest.first, let place = bytes[answered...].firstRange(of: Array(next.after.utf8)) {
                answered = place.upperBound
                rest = rest.dropFirst()
                try #require(write(master, next.key, next.key.utf8.count) == next.key.utf8.count)
            }
        }
        #expect(running.errorsToEnd() == "")
        #expect(running.end() == 0)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Both ends of a new terminal: the one that a person would see, and the one that a command writes to.
    private static func pair() throws -> (master: Int32, slave: Int32) {
        #if os(Linux)
            let master = open("/dev/ptmx", O_RDWR | O_NOCTTY)
            var number: Int32 = 0
            // TIOCSPTLCK unlocks it, TIOCGPTN tells its number; glibc's macros for both do not reach Swift.
            try #require(master >= 0 && ioctl(master, 0x4004_5431, &number) == 0 && ioctl(master, 0x8004_5430, &number) == 0)
            let name = "/dev/pts/\(number)"
        #else
            let master = posix_openpt(O_RDWR | O_NOCTTY)
            try #require(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0)
            let name = String(cString: try #require(ptsname(master)))
        #endif
        let slave = open(name, O_RDWR | O_NOCTTY)
        try #require(slave >= 0)
        return (master, slave)
    }
}
