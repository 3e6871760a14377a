import AgonTournament
import AgonTraining
import ArgumentParser
import Foundation

/// Shows a training while it goes on: on a terminal a line that is painted over, in a pipe one line in twenty steps.
struct TrainingScreen {
    /// Whether nothing but the result is wanted.
    let isSilent: Bool
    /// What Ctrl-C is answered with.
    let onStop: String

    /// Runs a training that is handed what to call after each step.
    /// - Throws: what the body throws; the exit code 130 after Ctrl-C.
    func watching<Value>(_ body: (@escaping ProgressCallback) throws -> Value) throws -> Value {
        let signal = InterruptSignal { [onStop] in Terminal.write(onStop, to: .standardError) }
        let isInteractive = Terminal.isInteractive
        let start = ContinuousClock.now
        defer { if isInteractive, !isSilent { Terminal.raw("\r\u{1B}[J") } }
        return try body { progress in
            if signal.isRaised { throw ExitCode(130) }
            let interval = isInteractive ? 10 : max(1, progress.stepCount / 20)
            guard !isSilent, progress.step % interval == 0 || progress.step == progress.stepCount else { return }
            let line = Self.line(progress, elapsed: ContinuousClock.now - start)
            isInteractive
                ? Terminal.raw("\r\u{1B}[J" + DisplayText.fitted(line, columns: Terminal.size.columns - 1)) : Terminal.write(line)
        }
    }

    private static func line(_ progress: TrainingProgress, elapsed: Duration) -> String {
        let names = ["accuracy", "rewards/accuracies", "mean_token_accuracy"]
        let accuracy = names.lazy.compactMap { progress.metrics[$0] }.first
        let left = elapsed / progress.step * (progress.stepCount - progress.step)
        return "step \(progress.step)/\(progress.stepCount) · loss \(number(progress.metrics["loss"])) · accuracy "
            + "\(number(accuracy)) · \(left.components.seconds) s left"
    }

    static func number(_ value: Double?) -> String { value.map { String(format: "%.4f", $0) } ?? "–" }
}
