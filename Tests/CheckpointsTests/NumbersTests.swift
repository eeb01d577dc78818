import Checkpoints
import Foundation
import Primitives
import Testing

struct NumbersTests {
    /// A checkpoint with one tensor "x" of these bytes.
    static func tensor(
        _ type: UInt32, columns: Int, _ bytes: [UInt8]
    ) throws(CheckpointError) -> Checkpoint {
        var builder = GGUFBuilder()
        builder.add("general.architecture", "llama")
        builder.addTensor("x", [UInt64(columns)], type: type, bytes)
        return try builder.open()
    }

    @Test(.enabled(if: ReferenceData.isPresent), arguments: ["F16", "BF16", "Q8_0"])
    func `blocks widen to the values of gguf-py`(name: String) throws {
        let reference = try ReferenceData.json("reference/quant-blocks.json")
        let all = try #require(reference["vectors"]?.array)
        let vector = try #require(all.first { $0["type"]?.string == name })
        let raw = try #require(Data(base64Encoded: vector["raw_base64"]?.string ?? ""))
        let wide = try #require(
            Data(base64Encoded: vector["dequantized_f32le_base64"]?.string ?? ""))
        let count = try #require(vector["n_values"]?.integer)
        let type = UInt32(try #require(vector["ggml_type_id"]?.integer))
        let checkpoint = try Self.tensor(type, columns: count, Array(raw))
        let expected = Region(Array(wide))
        let values = try checkpoint.floats("x")
        #expect(values.count == count && expected.byteCount == 4 * count)
        for (index, value) in values.enumerated() {
            #expect(value.bitPattern == expected.integer(UInt32.self, at: 4 * index))
        }
        let halves = try checkpoint.halves("x")
        #expect(halves == values.map { Float16($0).bitPattern })
    }

    @Test func `every Float16 widens and rounds back to itself`() throws {
        let finite = (UInt16.min...UInt16.max).filter { $0 & 0x7C00 != 0x7C00 }
        let bytes = finite.flatMap { GGUFBuilder.integer($0) }
        let checkpoint = try Self.tensor(1, columns: finite.count, bytes)
        let values = try checkpoint.floats("x")
        for (bits, value) in zip(finite, values) {
            #expect(value.bitPattern == Float(Float16(bitPattern: bits)).bitPattern)
        }
        #expect(try checkpoint.halves("x") == finite)
        let wide = try Self.tensor(
            0, columns: finite.count, values.flatMap { GGUFBuilder.integer($0.bitPattern) })
        #expect(try wide.halves("x") == finite)
    }

    @Test(arguments: [UInt64(1), 2])
    func `Float32 rounds to the nearest Float16, ties to even`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var values: [Float] = []
        for half in stride(from: UInt16(0), to: 0x7BFF, by: 7) {
            // The middle between two neighbours, and its own neighbours.
            let (low, high) = (Float16(bitPattern: half), Float16(bitPattern: half + 1))
            let middle = (Float(low) + Float(high)) / 2
            values += [middle, middle.nextUp, -middle.nextDown]
        }
        while values.count % 1_000 != 0 || values.count < 60_000 {
            let value = Float(bitPattern: UInt32(truncatingIfNeeded: random.next()))
            if value.magnitude < 65_520 { values.append(value) }
        }
        let checkpoint = try Self.tensor(
            0, columns: values.count, values.flatMap { GGUFBuilder.integer($0.bitPattern) })
        #expect(try checkpoint.halves("x") == values.map { Float16($0).bitPattern })
    }

    @Test(arguments: [Float(65_520), -1e9, .infinity, .nan])
    func `numbers beyond Float16 are refused, not made infinite`(value: Float) throws {
        let bytes = GGUFBuilder.integer(Float(1).bitPattern) + GGUFBuilder.integer(value.bitPattern)
        let checkpoint = try Self.tensor(0, columns: 2, bytes)
        let error = failure { () throws(CheckpointError) in try checkpoint.halves("x") }
        #expect("\(error.map { "\($0)" } ?? "accepted")".contains("row 0, column 1"))
        #expect(try checkpoint.floats("x").count == 2)
    }

    /// Four halves are looked at together, and those beyond the last four alone.
    @Test func `halves that are no numbers are found wherever they stand`() throws {
        // The largest there are, with either sign: next to what is refused.
        let largest = (0..<11).map { UInt16($0 % 2 == 0 ? 0x7BFF : 0xFBFF) }
        func stored(_ halves: [UInt16]) throws(CheckpointError) -> [UInt8] {
            let bytes = halves.flatMap { GGUFBuilder.integer($0) }
            return try Self.tensor(1, columns: halves.count, bytes)
                .storedBytes("x", rows: 0..<1)
        }
        #expect(try stored(largest) == largest.flatMap { GGUFBuilder.integer($0) })
        for column in largest.indices {
            for bits in [UInt16(0x7C00), 0xFC00, 0x7C01, 0xFFFF] {
                var halves = largest
                halves[column] = bits
                let error = failure { () throws(CheckpointError) in try stored(halves) }
                #expect("\(error.map { "\($0)" } ?? "accepted")".contains("column \(column)"))
            }
        }
    }

    @Test func `a region shows the bytes of its owner`() {
        final class Owner: Sendable {
            let bytes: [UInt8] = [1, 2, 3, 4, 5]
        }
        let owner = Owner()
        // The array is never mutated, so its storage stays where it is while the owner lives.
        let region = unsafe owner.bytes.withUnsafeBytes { bytes in
            unsafe Region(owner: owner, bytes: bytes)
        }
        #expect(region.byteCount == 5)
        #expect(region.bytes(in: 1..<3) == [2, 3])
        #expect(region.integer(UInt32.self, at: 1) == 0x0504_0302)
        #expect(Region([]).bytes.isEmpty)
    }

    @Test(.enabled(if: ReferenceData.isPresent))
    func `every reference GGUF of readable types is read whole`() throws {
        let root = try #require(ReferenceData.root)
        let paths = FileManager.default.enumerator(atPath: root)?.allObjects as? [String] ?? []
        let files = paths.filter { $0.hasSuffix(".gguf") }.sorted()
        #expect(files.count >= 10)
        var readCount = 0
        for path in files {
            let checkpoint = try ReferenceData.gguf(path)
            for tensor in checkpoint.tensors where ElementType.decodable.contains(tensor.type) {
                let values = try checkpoint.floats(tensor.name)
                #expect(values.count == tensor.shape.reduce(1, *))
                #expect(values.allSatisfy { $0.isFinite && $0.magnitude < 1e4 })
                readCount += 1
            }
            let isKnown =
                checkpoint.tensor("token_embd.weight") != nil
                && ModelParameters.supportedArchitectures.contains(checkpoint.architecture)
            let parameters = failure { () throws(CheckpointError) in try ModelParameters(checkpoint)
            }
            #expect((parameters == nil) == isKnown, "\(path): \(String(describing: parameters))")
        }
        #expect(readCount > 200)
    }
}
