import Checkpoints
import Testing

struct GGUFTests {
    @Test(arguments: [UInt32(2), 3])
    func `a small llama is read in versions 2 and 3`(version: UInt32) throws {
        var builder = GGUFBuilder.llama()
        builder.version = version
        let checkpoint = try builder.open()
        let parameters = try ModelParameters(checkpoint)
        #expect(checkpoint.format == .gguf)
        #expect(parameters.hiddenSize == 8 && parameters.headSize == 4)
        #expect(parameters.vocabularyCount == 4 && parameters.tiedEmbeddings)
        #expect(parameters.rotation.base == 10_000 && parameters.rotation.divisors == nil)
        #expect(
            try checkpoint.floats("token_embd.weight", rows: 1..<2) == [
                0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875,
            ])
        #expect(try checkpoint.metadata.strings("tokenizer.ggml.tokens") == ["a", "b", "c", "d"])
    }

    @Test func `wrong first bytes, versions and byte orders are named`() {
        let bytes = GGUFBuilder.llama().bytes
        func open(_ bytes: [UInt8]) -> CheckpointError? {
            failure { () throws(CheckpointError) in
                try GGUF.open(NamedRegion(name: "x.gguf", region: Region(bytes)))
            }
        }
        #expect(
            open(Array("GGML".utf8))
                == .malformed(
                    file: "x.gguf", offset: 0, expected: "the four bytes 'GGUF'", found: "others"))
        #expect(open([]) != nil)
        var old = bytes
        old[4] = 1
        #expect("\(open(old).map { "\($0)" } ?? "")".contains("GGUF version '1'"))
        old[4...7] = [0, 0, 0, 3]
        #expect("\(open(old).map { "\($0)" } ?? "")".contains("big-endian"))
    }

    @Test func `counts in the billions are refused before anything is allocated`() {
        for place in [8, 16] {
            var bytes = GGUFBuilder.llama().bytes
            bytes.replaceSubrange(
                place..<place + 8, with: GGUFBuilder.integer(UInt64(4_000_000_000)))
            let error = failure { () throws(CheckpointError) in
                try GGUF.open(NamedRegion(name: "x", region: Region(bytes)))
            }
            guard case .malformed(_, let offset, _, let found) = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
            #expect(offset == place && found == "4000000000")
        }
        var builder = GGUFBuilder()
        builder.add("k", type: 9, GGUFBuilder.integer(UInt32(0)) + GGUFBuilder.integer(UInt64.max))
        #expect(failure(builder.open) != nil)
        builder = GGUFBuilder()
        builder.add("k", type: 8, GGUFBuilder.integer(UInt64.max))
        #expect(failure(builder.open) != nil)
    }

    @Test func `arrays nested too deep are refused`() {
        var value = GGUFBuilder.integer(UInt32(0)) + GGUFBuilder.integer(UInt64(0))
        for _ in 0..<10_000 {
            value = GGUFBuilder.integer(UInt32(9)) + GGUFBuilder.integer(UInt64(1)) + value
        }
        var builder = GGUFBuilder()
        builder.add("deep", type: 9, value)
        guard case .malformed(_, _, let expected, _) = failure(builder.open) else {
            Issue.record("deep arrays were accepted")
            return
        }
        #expect(expected.contains("levels"))
    }

    @Test func `names that occur twice are refused`() {
        var keys = GGUFBuilder.llama()
        keys.add("llama.block_count", 2)
        guard case .malformed(_, _, _, let found) = failure(keys.open) else {
            Issue.record("a key occurred twice")
            return
        }
        #expect(found.contains("llama.block_count"))
        var tensors = GGUFBuilder.llama()
        tensors.addFloats("output_norm.weight", [8])
        guard case .tensor(_, "output_norm.weight", _, "two") = failure(tensors.open) else {
            Issue.record("a tensor occurred twice")
            return
        }
    }

    @Test func `tensors that overlap, leave the file, overflow or are unaligned are refused`() {
        let wrong: [(String, [UInt64], UInt32, UInt64?)] = [
            ("overlaps", [8], 0, 0), ("leaves", [8], 0, 1 << 40), ("unaligned", [8], 0, 33),
            ("overflows", [1 << 40, 1 << 40], 0, nil), ("empty", [0], 0, nil),
            ("huge", [UInt64.max], 0, nil), ("type", [8], 99, nil), ("block", [8], 8, nil),
            ("flat", [], 0, nil), ("five", [1, 1, 1, 1, 1], 0, nil),
            ("edge", [8], 0, (1 << 63) - 32),
        ]
        for (name, dimensions, type, offset) in wrong {
            var builder = GGUFBuilder.llama()
            builder.addTensor(
                name, dimensions, type: type, Array(repeating: 0, count: 32), offset: offset)
            let error = failure(builder.open)
            #expect("\(error.map { "\($0)" } ?? "accepted")".contains(name), "\(name)")
        }
    }

    @Test func `types whose numbers nobody reads are named when they are read`()
        throws
    {
        var builder = GGUFBuilder.llama()
        builder.addTensor("quants", [32], type: 9, Array(repeating: 0, count: 36))
        let checkpoint = try builder.open()
        let error = failure { () throws(CheckpointError) in try checkpoint.floats("quants") }
        let start = "made.gguf: the element type of tensor 'quants' 'Q8_1' is not supported; "
        #expect(error?.description.hasPrefix(start) == true)
        #expect(failure { () throws(CheckpointError) in try checkpoint.halves("absent") } != nil)
    }

    @Test func `a model in several files is read as one`() throws {
        var first = GGUFBuilder.llama()
        first.add("split.count", 2)
        var second = GGUFBuilder()
        second.add("split.no", 1)
        second.addFloats("blk.0.ffn_norm.weight", [8])
        let files = [
            NamedRegion(name: "1", region: Region(first.bytes)),
            NamedRegion(name: "2", region: Region(second.bytes)),
        ]
        let checkpoint = try GGUF.open(files)
        #expect(checkpoint.tensor("blk.0.ffn_norm.weight")?.fileIndex == 1)
        #expect(try checkpoint.floats("blk.0.ffn_norm.weight").count == 8)
        let error = failure { () throws(CheckpointError) in try GGUF.open([files[0]]) }
        #expect("\(error.map { "\($0)" } ?? "")".contains("split.count"))
    }
}
