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
        case let error as TournamentError: stop(error.message, code(of: error))
        case let error as StoreError:
            let hint = error.code == .locked ? " Wait until it ends, or name another file with --db." : ""
            stop(error.message + hint, [.cannotOpen, .invalidQuery].contains(error.code) ? 2 : 1)
        case is ExitCode, is CleanExit: leave(error)
        default:
            if exitCode(for: error) == .failure { stop("\(error)", 1) }
            leave(error)
        }
    }

    private static func code(of error: TournamentError) -> Int32 {
        switch error.code {
        case .configuration: 2
        case .tooManyVoids: 3
        case .inconsistent, .noRun: 1
        }
    }

    /// Help goes to the output, complaints about usage to the errors.
    private static func leave(_ error: any Error) -> Never {
        let code = exitCode(for: error)
        let message = fullMessage(for: error)
        if !message.isEmpty {
            Terminal.write(
                DisplayText.visible(message, keepsLines: true), to: code.isSuccess ? .standardOutput : .standardError)
        }
        Foundation.exit(code == .validationFailure ? 2 : code.rawValue)
    }

    private static func stop(_ sentence: String, _ code: Int32) -> Never {
        Terminal.write("agon: " + DisplayText.visible(sentence), to: .standardError)
        Foundation.exit(code)
    }
}
