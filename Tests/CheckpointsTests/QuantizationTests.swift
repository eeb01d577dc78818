import Checkpoints
import Foundation
import Testing

/// Blocks made by ggml's own quantiser, with values by gguf-py.
@Suite(.enabled(if: ReferenceData.isPresent)) struct `a quantised tensor` {
    private struct Vector {
        var type: ElementType
        var number: UInt32
        var raw: [UInt8]
        var values: [Float]
    }

    private func vectors() throws -> [Vector] {
        let all = try ReferenceData.json("reference/quant-blocks.json")["vectors"]?.array ?? []
        #expect(all.count == 14)
        return try all.map { vector in
            func bytes(_ key: String) throws -> [UInt8] {
                let text = try #require(vector[key]?.string)
                return Array(try #require(Data(base64Encoded: text)))
            }
            let floats = try bytes("dequantized_f32le_base64")
            let name = try #require(vector["type"]?.string)
            return Vector(
                type: try #require(ElementType(rawValue: name)),
                number: UInt32(try #require(vector["ggml_type_id"]?.integer)),
                raw: try bytes("raw_base64"),
                values: stride(from: 0, to: floats.count, by: 4).map { start in
                    Float(
                        bitPattern: floats[start..<start + 4].reversed().reduce(UInt32(0)) {
                            $0 << 8 | UInt32($1)
                        })
                })
        }
    }

    private func checkpoint(_ type: UInt32, _ raw: [UInt8], count: Int) throws -> Checkpoint {
        var builder = GGUFBuilder.llama()
        builder.addTensor("made", [UInt64(count / 2), 2], type: type, raw)
        return try builder.open()
    }

    /// Numbers of the types that matrices are kept in.
    private let kept: [ElementType: UInt32] = [
        .f16: 1, .q4_0: 2, .q8_0: 8, .q4_K: 12, .q5_K: 13, .q6_K: 14,
    ]

    @Test func `means what ggml means, to the bit`() throws {
        for vector in try vectors() {
            let checkpoint = try checkpoint(vector.number, vector.raw, count: vector.values.count)
            let numbers = try checkpoint.floats("made")
            #expect(numbers == vector.values, "\(vector.type)")
        }
    }

    @Test func `keeps its numbers in the type it is stored in, but for those that round`() throws {
        var exact: [ElementType] = []
        for vector in try vectors() {
            let count = vector.values.count
            let first = try checkpoint(vector.number, vector.raw, count: count)
            let stored = try first.storedBytes("made", rows: 0..<2)
            let number = try #require(kept[vector.type.storage])
            let second = try checkpoint(number, stored, count: count)
            let numbers = try second.floats("made")
            if vector.type.storage == .f16 {
                for (number, value) in zip(numbers, vector.values) {
                    #expect(abs(number - value) <= abs(value) * 0x1p-11 + 0x1p-25)
                }
            } else {
                #expect(numbers == vector.values, "\(vector.type)")
                exact.append(vector.type)
            }
        }
        #expect(
            exact.map(\.rawValue) == [
                "Q4_0", "Q5_0", "Q8_0", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL",
            ])
    }
}
