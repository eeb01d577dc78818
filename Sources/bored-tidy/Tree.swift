import Foundation

/// The files of a repository, by what is checked in them.
struct Tree {
    let root: String
    let paths: [String]

    init(root: String) {
        self.root = root
        var paths: [String] = []
        var folders = [""]
        while let folder = folders.popLast() {
            let full = folder.isEmpty ? root : root + "/" + folder
            let names = (try? FileManager.default.contentsOfDirectory(atPath: full)) ?? []
            for name in names where !Self.skipped.contains(name) && !name.hasPrefix(".build") {
                let path = folder.isEmpty ? name : folder + "/" + name
                let attributes = try? FileManager.default.attributesOfItem(
                    atPath: root + "/" + path)
                let isFolder = attributes?[.type] as? FileAttributeType == .typeDirectory
                if isFolder { folders.append(path) } else { paths.append(path) }
            }
        }
        self.paths = paths.sorted()
    }

    /// Not written here, or not text.
    private static let skipped: Set<String> = [".git", ".venv", "work", "__pycache__", "Vectors"]

    /// Swift and C files.
    var sources: [String] {
        paths.filter { path in
            ["swift", "c", "h"].contains(Self.ending(path)) && path != "Sources/CModel/cmodel.c"
        }
    }

    var documents: [String] { paths.filter { Self.ending($0) == "md" } }

    /// Everything that people read or run.
    var texts: [String] {
        let endings = ["swift", "c", "h", "md", "sh", "py", "yml", "Makefile", "Dockerfile", "run"]
        return paths.filter { path in
            endings.contains(Self.ending(path)) && !path.hasPrefix("Sources/bored-tidy/")
                && !path.hasPrefix("Sources/CModel/")
        }
    }

    func text(_ path: String) -> String {
        guard let data = FileManager.default.contents(atPath: root + "/" + path) else { return "" }
        return String(decoding: data, as: UTF8.self)
    }

    func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: root + "/" + path)
    }

    /// What stands behind the last dot, or the whole name where there is none.
    private static func ending(_ path: String) -> String {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        return name.split(separator: ".").last.map(String.init) ?? name
    }
}
