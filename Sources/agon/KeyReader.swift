import Foundation

/// Reads answers of one key: single keys on a terminal, lines of anything else.
final class KeyReader: Sendable {
    /// How the terminal was found; nil where the input is none.
    private let original: termios?

    init() {
        var mode = termios()
        original = isatty(STDIN_FILENO) == 1 && tcgetattr(STDIN_FILENO, &mode) == 0 ? mode : nil
    }

    /// Throws away what was typed before a question is shown: nobody has read it then. Lines of a file or pipe stay.
    func discard() {
        guard let original else { return }
        takeSingleKeys(original)
        tcflush(STDIN_FILENO, TCIFLUSH)
    }

    /// The next key, or a line without the white space around it; nil at the end of the input.
    func next() -> String? {
        guard let original else { return readLine().map { $0.trimmingCharacters(in: .whitespaces) } }
        var bytes = [UInt8](repeating: 0, count: 64)
        while true {
            // Each time: whoever stopped the process and went on may have changed it.
            takeSingleKeys(original)
            let count = read(STDIN_FILENO, &bytes, bytes.count)
            if count < 0, errno == EINTR { continue }
            // Ctrl-D: without line input it arrives as a key.
            guard count > 0, bytes[0] != 4 else { return nil }
            // A lone byte is a key; arrows and whatever is pasted come as several.
            if count == 1 { return String(decoding: bytes[..<1], as: UTF8.self) }
        }
    }

    private func takeSingleKeys(_ original: termios) {
        var mode = original
        mode.c_lflag &= ~tcflag_t(ICANON | ECHO)
        tcsetattr(STDIN_FILENO, TCSANOW, &mode)
    }

    /// Gives the terminal back as it was found.
    func restore() {
        guard var original else { return }
        tcsetattr(STDIN_FILENO, TCSANOW, &original)
    }
}
