import Foundation
import Primitives
import Testing

/// What `Tests/Vectors/identity.py` wrote for this room.
struct Vectors {
    private let table: [String: [UInt8]]

    init() throws {
        let tests = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent()
        let data = try Data(contentsOf: tests.appending(path: "Vectors/wire.json"))
        table = try JSONDecoder().decode([String: String].self, from: data)
            .compactMapValues { bytes(hexadecimal: $0) }
    }

    subscript(name: String) -> [UInt8] {
        get throws { try #require(table[name], "no vector \(name)") }
    }

    func raw(_ name: String) throws -> Bytes32 { Bytes32(try self[name]) }
}
