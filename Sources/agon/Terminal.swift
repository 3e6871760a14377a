import AgonTournament
import Foundation

/// Lines on a terminal or in a pipe.
enum Terminal {
    /// Writes a line.
    static func write(_ line: String, to handle: FileHandle = .standardOutput) { raw(line + "\n", to: handle) }

    /// Writes text as it is. A reader of the output that has gone ends the process as it ends every filter.
    static func raw(_ text: String, to handle: FileHandle = .standardOutput) {
        do {
            try handle.write(contentsOf: Data(text.utf8))
        } catch {
            // Nobody is left to be told where the errors go nowhere.
            guard handle === FileHandle.standardOutput else { return }
            if isBrokenPipe(error) {
                signal(SIGPIPE, SIG_DFL)
                raise(SIGPIPE)
            }
            write("agon: the output cannot be written: \(DisplayText.visible(error.localizedDescription))", to: .standardError)
            Foundation.exit(1)
        }
    }

    private static func isBrokenPipe(_ error: any Error) -> Bool {
        let outer = error as NSError
        let inner = outer.userInfo[NSUnderlyingErrorKey] as? NSError
        return [outer, inner].contains { $0?.domain == NSPOSIXErrorDomain && $0?.code == Int(EPIPE) }
    }

    /// Whether the output can be painted over: a terminal that knows how to move its cursor.
    static var isInteractive: Bool { isatty(STDOUT_FILENO) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb" }

    /// Whether colours are welcome (https://no-color.org).
    static var isColoured: Bool { isInteractive && (ProcessInfo.processInfo.environment["NO_COLOR"] ?? "").isEmpty }

    /// Columns and lines of the terminal; in a pipe `COLUMNS`, else 100.
    static var size: (columns: Int, lines: Int) {
        var size = winsize()
        if isatty(STDOUT_FILENO) == 1, ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 {
            return (max(24, Int(size.ws_col)), max(4, Int(size.ws_row)))
        }
        return (max(24, columnsVariable ?? 100), 24)
    }

    /// Columns for lists of things, which a pipe gets uncut.
    static var listingWidth: Int { isatty(STDOUT_FILENO) == 1 || columnsVariable != nil ? size.columns : 10_000 }

    private static var columnsVariable: Int? { ProcessInfo.processInfo.environment["COLUMNS"].flatMap { Int($0) } }
}
