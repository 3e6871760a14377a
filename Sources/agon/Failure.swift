import AgonAgents
import AgonStore
import AgonTournament
import AgonTransformer
import ArgumentParser
import Foundation

extension AgonCommand {
    /// Says in one sentence what went wrong and ends with the code that tells what kind of fault it was.
    static func end(with error: any Error) -> Never {
        switch error {
        case is Interruption:
            Terminal.write("Stopped. What was reported is committed; the same command goes on from there.", to: .standardError)
            Foundation.exit(130)
        case let error as AgentError: stop(error.message, 2)
        case let error as TransformerError: stop(error.description, 2)
        case let error as TournamentError: stop(error.message, error.code == .configuration ? 2 : error.code == .tooManyVoids ? 3 : 1)
        case let error as StoreError: stop(error.description, 1)
        default:
            let code = exitCode(for: error)
            if code == .validationFailure {
                Terminal.write(fullMessage(for: error), to: .standardError)
                Foundation.exit(2)
            }
            exit(withError: error)
        }
    }

    private static func stop(_ sentence: String, _ code: Int32) -> Never {
        Terminal.write("agon: \(sentence)", to: .standardError)
        Foundation.exit(code)
    }
}

/// Lines on a terminal or in a pipe.
enum Terminal {
    static func write(_ line: String, to handle: FileHandle = .standardOutput) {
        handle.write(Data((line + "\n").utf8))
    }

    static var isInteractive: Bool { isatty(1) == 1 }

    /// Columns of the terminal, 100 in a pipe.
    static var width: Int {
        var size = winsize()
        return isInteractive && ioctl(1, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 20 ? Int(size.ws_col) : 100
    }
}
