import Foundation

/// The files of one report.
public enum ReportFolder {
    /// Renders the formats that are files: name and contents, in a fixed order.
    /// - Parameters:
    ///   - refresh: seconds after which a browser loads the page again; nil: never.
    ///   - withCharts: whether each chart is a file as well.
    public static func files(
        _ report: Report, refresh: Int? = nil, withCharts: Bool = false
    ) throws -> [(name: String, text: String)] {
        [
            ("report.md", MarkdownReport.text(report)), ("standings.csv", CSVReport.text(report)),
            ("ratings.csv", CSVReport.ratings(report)), ("head-to-head.csv", CSVReport.headToHead(report)),
            ("badge.svg", Badge.text(report)), ("report.json", try json(report)),
            ("report.html", HTMLReport.text(report, refresh: refresh)),
        ] + (withCharts ? Charts(report: report).files : [])
    }

    /// Writes the files into a folder that is made where it is missing.
    ///
    /// All files are written under temporary names first and renamed at the end, so a reader never sees half a
    /// file, and a failure leaves the old report.
    /// What moved since the report that lies there, where it is of the same run, stands in the new one.
    ///
    /// - Returns: the report as it was written.
    /// - Throws: faults of the file system, as Foundation reports them.
    @discardableResult
    public static func write(
        _ report: Report, to folder: String, refresh: Int? = nil, withCharts: Bool = false
    ) throws -> Report {
        let earlier = try? String(contentsOfFile: folder + "/report.json", encoding: .utf8)
        // A file that is no report, or one of a time to come, is written over.
        let report = report.following(earlier.flatMap { try? ReportFolder.report(json: $0) })
        try write(files(report, refresh: refresh, withCharts: withCharts), to: folder)
        return report
    }

    /// Writes files under temporary names and renames them.
    static func write(_ files: [(name: String, text: String)], to folder: String) throws {
        let manager = FileManager.default
        let root = URL(fileURLWithPath: folder, isDirectory: true)
        try manager.createDirectory(at: root, withIntermediateDirectories: true)
        let staging = root.appendingPathComponent(".report-\(ProcessInfo.processInfo.processIdentifier)")
        try manager.createDirectory(at: staging, withIntermediateDirectories: true)
        defer { try? manager.removeItem(at: staging) }
        for file in files {
            try Data(file.text.utf8).write(to: staging.appendingPathComponent(file.name), options: .atomic)
        }
        for file in files {
            let target = root.appendingPathComponent(file.name)
            guard rename(staging.appendingPathComponent(file.name).path, target.path) == 0 else {
                throw CocoaError(.fileWriteUnknown, userInfo: [NSFilePathErrorKey: target.path])
            }
        }
    }

    /// `report.json`: the report's values in full precision, keys sorted, equal bytes for equal reports.
    ///
    /// JSON has no infinity: unbounded intervals are the strings `inf` and `-inf`.
    public static func json(_ report: Report) throws -> String {
        try JSONText.text(report)
    }

    /// Reads what `json` wrote.
    /// - Throws: `DecodingError` where the text is not a report.
    public static func report(json: String) throws -> Report {
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return try decoder.decode(Report.self, from: Data(json.utf8))
    }
}
