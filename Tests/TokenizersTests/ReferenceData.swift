import Checkpoints
import Foundation
import Testing

/// Where reference models are, or nil where there are none: tests that need them then skip loudly.
enum ReferenceData {
    static let root: String? = {
        let path = ProcessInfo.processInfo.environment["BORED_REFERENCE"] ?? "../shared/models"
        let isThere = FileManager.default.fileExists(atPath: path + "/README.md")
        if !isThere { print("SKIPPED: no reference models at \(path); set BORED_REFERENCE.") }
        return isThere ? path : nil
    }()

    static var isPresent: Bool { root != nil }

    static func bytes(_ path: String) throws -> [UInt8] {
        let root = try #require(root)
        return Array(try Data(contentsOf: URL(fileURLWithPath: root + "/" + path)))
    }

    static func json(_ path: String) throws -> JSONValue {
        try JSONValue(parsing: bytes(path), file: path)
    }

    static func gguf(_ path: String) throws -> Checkpoint {
        try GGUF.open(NamedRegion(name: path, region: Region(bytes(path))))
    }

    /// A Hugging Face directory; files named in `without` are left out.
    static func directory(
        _ path: String, without: [String] = [], adding texts: [(String, String)] = []
    ) throws -> Checkpoint {
        let root = try #require(root)
        let names = try FileManager.default.contentsOfDirectory(atPath: root + "/" + path).sorted()
        let files = try names.filter { SafetensorsDirectory.isWanted($0) && !without.contains($0) }
            .map { NamedRegion(name: $0, region: Region(try bytes(path + "/" + $0))) }
        let added = texts.map { NamedRegion(name: $0.0, region: Region(Array($0.1.utf8))) }
        return try SafetensorsDirectory.open(files + added, name: "reference")
    }
}
