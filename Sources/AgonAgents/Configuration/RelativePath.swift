import Foundation

/// Paths in configuration files: meant from the file's own folder, unless they begin with `/`.
public enum RelativePath {
    /// A path from the current folder as one from the root, without `.` and `..` in it.
    static func absolute(_ path: String) -> String { URL(fileURLWithPath: path).standardizedFileURL.path }

    /// The path from the current folder, without slashes at its end: what is put behind it lies beside it, not in it.
    /// - Parameter folder: the file's folder, which need not exist yet.
    public static func resolved(_ path: String, in folder: String) -> String {
        var path = path
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        if path.hasPrefix("/") { return path }
        let joined = (folder as NSString).appendingPathComponent(path)
        // The way out of a folder that does not exist cannot be walked, only read.
        let canBeWalked = folder.isEmpty || FileManager.default.fileExists(atPath: folder)
        return canBeWalked ? joined : URL(fileURLWithPath: joined).standardizedFileURL.path
    }
}
