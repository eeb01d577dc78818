import Foundation

/// Files beside the tests.
enum Vectors {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Vectors")

    static func load<Value: Decodable>(_ type: Value.Type, _ name: String) throws -> Value {
        let data = try Data(contentsOf: folder.appending(path: name))
        return try JSONDecoder().decode(type, from: data)
    }
}
