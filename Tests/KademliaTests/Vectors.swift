import Foundation
import Primitives

/// The messages that `Tests/Vectors/rooms.py` built.
func readVectors() throws -> [String: [UInt8]] {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    let file = folder.appending(path: "Vectors/kademlia.json")
    let texts = try JSONDecoder().decode([String: String].self, from: Data(contentsOf: file))
    return texts.compactMapValues { bytes(hexadecimal: $0) }
}
