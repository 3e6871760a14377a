import AgonAudit
import Foundation

/// What was measured on this machine, beside the database: `calibration.json`.
struct CalibrationFile: Codable {
    var entries: [AuditCalibration.Row] = []

    /// The path in a database's folder.
    static func path(in folder: String) -> String { (folder.isEmpty ? "." : folder) + "/calibration.json" }

    /// Empty where there is no file.
    /// - Throws: `configuration` where it is none of ours.
    init(in folder: String) throws(TournamentError) {
        let path = CalibrationFile.path(in: folder)
        guard FileManager.default.fileExists(atPath: path) else { return }
        do {
            self = try JSONDecoder().decode(CalibrationFile.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
        } catch {
            throw TournamentError(.configuration, "\(path) is no calibration: remove it, and run `agon calibrate` again.", underlying: error)
        }
    }

    /// Takes the place of earlier measurements of the same models on the same paths.
    func write(_ rows: [AuditCalibration.Row], in folder: String) throws {
        var file = self
        file.entries.removeAll { old in rows.contains { $0.isOfSame(as: old) } }
        file.entries += rows
        let url = URL(fileURLWithPath: CalibrationFile.path(in: folder))
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(JSONText.text(file).utf8).write(to: url, options: .atomic)
    }

    /// The bound for what a model generated on one path and is checked on another; nil where nothing was measured.
    func bound(model: String, generatedOn: String, checkedOn: String) -> AuditBound? {
        entries.first { $0.model == model && $0.generatedOn == generatedOn && $0.checkedOn == checkedOn }?.bound
    }
}
