import Foundation

/// What lies at a path, links followed.
enum PathKind {
    case nothing, file, folder

    init(_ path: String) {
        var isFolder: ObjCBool = false
        let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
        self = !exists ? .nothing : isFolder.boolValue ? .folder : .file
    }
}
