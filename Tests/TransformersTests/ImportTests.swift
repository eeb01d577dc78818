import Checkpoints
import Primitives
import Testing
import Transformers

@Suite struct `an import` {
    private func build(_ tiny: TinyCheckpoint) throws -> [[UInt8]] {
        let builder = try PieceBuilder(try tiny.open(), tokenizerBytes: [9])
        return try (0..<builder.pieceCount).map { index throws in try builder.build(index) }
    }

    /// The message of the error that building such a model ends with.
    private func message(_ tiny: TinyCheckpoint) throws -> String {
        let checkpoint = try tiny.open()
        do throws(ModelError) {
            let builder = try PieceBuilder(checkpoint, tokenizerBytes: [])
            for index in 0..<builder.pieceCount { _ = try builder.build(index) }
        } catch {
            guard case .checkpoint(let reason) = error else { return "\(error)" }
            return reason.description
        }
        return "no error"
    }

    @Test func `puts every number where the layout says`() throws {
        var tiny = TinyCheckpoint()
        tiny.changes = ["blk.1.ffn_up.weight": 1.5, "blk.1.ffn_norm.weight": 2.25]
        let pieces = try build(tiny)
        #expect(pieces.count == 3)
        let layout = try PieceBuilder(try tiny.open(), tokenizerBytes: []).layout(of: 2)
        let up = try #require(layout.section(.up))
        // 1.5 is 0x3E00 in Float16, 2.25 is 0x40100000 in Float32.
        #expect(Array(pieces[2][up.offset..<up.offset + 2]) == [0x00, 0x3E])
        let norm = try #require(layout.section(.feedForwardNorm))
        #expect(Array(pieces[2][norm.offset..<norm.offset + 4]) == [0, 0, 0x10, 0x40])
        // The second panel of 48 rows has 16 that exist; the others are zero, column by column.
        for column in 0..<32 {
            let start = up.offset + (32 + column) * 64
            #expect(pieces[2][start + 32..<start + 64].allSatisfy { $0 == 0 })
            #expect(pieces[2][start..<start + 32].contains { $0 != 0 })
        }
    }

    @Test func `keeps one table of a tied model and two of another`() throws {
        let apart = try build(TinyCheckpoint())
        let tied = try build(TinyCheckpoint(isTied: true))
        #expect(apart[0].count == tied[0].count + 2 * 32 * 64)
        let model = try LocalModel(
            try PieceBuilder(try TinyCheckpoint().open(), tokenizerBytes: []))
        #expect(!model.shape.isTied && model.shape.vocabularySize == 40)
    }

    @Test func `refuses a weight that Float16 cannot hold and names its tensor`() throws {
        for number in [Float(70_000), -70_000, 65_520, .infinity, .nan] {
            let text = try message(TinyCheckpoint(changes: ["blk.1.ffn_up.weight": number]))
            #expect(text.contains("blk.1.ffn_up.weight") && text.contains("65504"))
        }
        // Rounds to 65,504, the largest that there is.
        let text = try message(TinyCheckpoint(changes: ["blk.1.ffn_up.weight": 65_519]))
        #expect(text == "no error")
    }

    @Test func `refuses a norm that is not finite`() throws {
        let text = try message(TinyCheckpoint(changes: ["blk.0.attn_norm.weight": .infinity]))
        #expect(text.contains("blk.0.attn_norm.weight"))
    }

    @Test(arguments: ["blk.1.attn_k.weight", "output_norm.weight", "blk.0.ffn_down.weight"])
    func `names a tensor that is missing or of another size`(name: String) throws {
        #expect(try message(TinyCheckpoint(missing: name)).contains(name))
        #expect(try message(TinyCheckpoint(taller: name)).contains(name))
    }

    @Test(arguments: ["llama", "qwen3moe", "gemma2", "gemma3", "phi2", "phi3", "bert"])
    func `never traps on mutated bytes of any architecture`(architecture: String) throws {
        let whole = TinyCheckpoint(architecture: architecture).bytes
        var random = SeededRandom(seed: 9)
        var readCount = 0
        for _ in 0..<400 {
            var bytes = whole
            // The head has the metadata and the list of tensors; the rest is numbers.
            for _ in 0...random.below(3) { bytes[random.below(2_000)] = UInt8(random.below(256)) }
            if random.below(8) == 0 { bytes.removeLast(random.below(bytes.count)) }
            let file = NamedRegion(name: "mutated.gguf", region: Region(bytes))
            guard let checkpoint = try? GGUF.open(file),
                let builder = try? PieceBuilder(checkpoint, tokenizerBytes: [])
            else { continue }
            readCount += 1
            for index in 0..<min(builder.pieceCount, 2)
            where builder.layout(of: index).byteCount < 1 << 20 {
                _ = try? builder.build(index)
            }
        }
        #expect(architecture == "bert" || readCount > 0)
    }

    @Test func `reads bytes of a program like bytes of a file`() throws {
        let bytes = TinyCheckpoint().bytes
        let owner = Owner(bytes)
        let region = unsafe Region(owner: owner, bytes: UnsafeRawBufferPointer(owner.memory))
        let checkpoint = try GGUF.open(NamedRegion(name: "embedded", region: region))
        let builder = try PieceBuilder(checkpoint, tokenizerBytes: [9])
        let pieces = try (0..<builder.pieceCount).map { index throws in try builder.build(index) }
        #expect(try pieces == build(TinyCheckpoint()))
    }
}

/// Memory outside of any array, as a program's constants are.
@safe private final class Owner: Sendable {
    nonisolated(unsafe) let memory: UnsafeMutableRawBufferPointer

    init(_ bytes: [UInt8]) {
        unsafe memory = .allocate(byteCount: bytes.count, alignment: 64)
        unsafe memory.copyBytes(from: bytes)
    }

    deinit { unsafe memory.deallocate() }
}
