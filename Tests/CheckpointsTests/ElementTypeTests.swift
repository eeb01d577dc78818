import Checkpoints
import Foundation
import Testing

/// Random blocks of every quantised type, beside what the gguf library makes of them
/// (Tests/Vectors/element-types.py).
@Suite struct `blocks of every type` {
    private struct Row {
        var type: ElementType
        var number: UInt32
        var bytes: [UInt8]
        var digest: String
    }

    private func rows() throws -> [Row] {
        let path =
            URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().path + "/Vectors/element-types.json"
        let data = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
        let json = try JSONValue(parsing: data, file: path)
        let blockCount = try #require(json["blocks"]?.integer)
        let mask = UInt8(try #require(json["mask"]?.integer))
        return try #require(json["types"]?.array).map { row in
            let type = try #require(row["type"]?.string.flatMap(ElementType.init))
            let number = try #require(row["number"]?.integer)
            let size = type.block.byteCount
            var bytes = randomBytes(seed: UInt64(number), count: blockCount * size)
            for masked in try #require(row["masked"]?.array) {
                let offset = try #require(masked.integer)
                for block in 0..<blockCount { bytes[block * size + offset] &= mask }
            }
            return Row(
                type: type, number: UInt32(number), bytes: bytes,
                digest: try #require(row["digest"]?.string))
        }
    }

    private func randomBytes(seed: UInt64, count: Int) -> [UInt8] {
        var state = seed
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(state >> 56)
        }
    }

    private func digest(_ numbers: [Float]) -> String {
        var value: UInt64 = 0xCBF2_9CE4_8422_2325
        for number in numbers {
            // A zero without its sign: which one a format gives is of no effect.
            let bits = number == 0 ? 0 : number.bitPattern
            for shift in stride(from: UInt32(0), to: 32, by: 8) {
                value = (value ^ UInt64(bits >> shift & 255)) &* 0x100_0000_01B3
            }
        }
        let text = String(value, radix: 16)
        return String(repeating: "0", count: 16 - text.count) + text
    }

    private func checkpoint(_ row: Row) throws -> Checkpoint {
        let count = row.bytes.count / row.type.block.byteCount * row.type.block.elementCount
        var builder = GGUFBuilder.llama()
        builder.addTensor("made", [UInt64(count / 2), 2], type: row.number, row.bytes)
        return try builder.open()
    }

    @Test func `mean what another reader of GGUF makes of them, to the bit`() throws {
        for row in try rows() {
            #expect(digest(try checkpoint(row).floats("made")) == row.digest, "\(row.type)")
        }
    }

    @Test func `are all decodable, but for one that is never stored`() throws {
        let named = Set(try rows().map(\.type))
        let quantised = ElementType.allCases.filter { $0.block.elementCount > 1 }
        #expect(quantised.filter { !ElementType.decodable.contains($0) } == [.q8_1])
        #expect(quantised.filter { !named.contains($0) } == [.q8_1, .q8_K])
    }

    /// Where a type is kept in another, but not in Float16, no number changes.
    @Test func `keep their numbers in the blocks that stand for them`() throws {
        let kept: [ElementType: UInt32] = [.q4_0: 2, .q8_0: 8, .q4_K: 12, .q5_K: 13, .q6_K: 14]
        var exact: [String] = []
        for row in try rows() where row.type.storage != .f16 {
            let stored = try checkpoint(row).storedBytes("made", rows: 0..<2)
            let number = try #require(kept[row.type.storage])
            let other = Row(type: row.type.storage, number: number, bytes: stored, digest: "")
            #expect(digest(try checkpoint(other).floats("made")) == row.digest, "\(row.type)")
            exact.append(row.type.rawValue)
        }
        #expect(exact.contains("TQ1_0") && exact.contains("TQ2_0") && exact.count == 10)
    }
}
