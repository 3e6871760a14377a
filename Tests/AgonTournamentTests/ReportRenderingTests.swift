import AgonCore
import Foundation
import Testing

@testable import AgonTournament

@Suite("A report in its formats")
struct ReportRenderingTests {
    @Test("Writes the demonstration page where REPORT_DEMO_FOLDER names a folder")
    func demonstration() throws {
        guard let folder = ProcessInfo.processInfo.environment["REPORT_DEMO_FOLDER"] else { return }
        try ReportFolder.write(ReportDemo.report(), to: folder)
        try ReportFolder.write(ReportDemo.empty(), to: folder + "-empty")
        try ReportFolder.write(ReportDemo.scripted(), to: folder + "-scripted")
        print(TerminalReport(width: 100, isColoured: true).text(ReportDemo.report(), path: folder))
    }
}
