import Checkpoints
import Primitives
import Testing

/// Files with bytes changed, cut or repeated: every one is read or refused, none crashes.
struct FuzzTests {
    static let seeds: [UInt64] = [1, 2, 3, 4]
    static let caseCount = 3_000

    /// One to four changes of the kinds that break parsers.
    static func mutate(_ bytes: [UInt8], _ random: inout SeededRandom) -> [UInt8] {
        var bytes = bytes
        for _ in 0...random.below(4) where !bytes.isEmpty {
            let place = random.below(bytes.count)
            switch random.below(7) {
            case 0: bytes[place] = UInt8(truncatingIfNeeded: random.next())
            case 1: bytes[place] ^= 1 << UInt8(random.below(8))
            case 2: bytes.removeLast(bytes.count - place)
            case 3:
                let edges: [UInt64] = [0, 1, 0xFF, 1 << 31, 1 << 32, 1 << 62, 1 << 63, .max]
                for (offset, byte) in GGUFBuilder.integer(edges[random.below(8)]).enumerated()
                where place + offset < bytes.count { bytes[place + offset] = byte }
            case 4: bytes.removeSubrange(place..<min(bytes.count, place + 1 + random.below(16)))
            case 5:
                let end = min(bytes.count, place + 1 + random.below(40))
                bytes.insert(contentsOf: bytes[place..<end], at: random.below(bytes.count))
            default:
                let odd = Array("{}[]\",:0-9e\\u\u{FF}".utf8)
                bytes[place] = odd[random.below(odd.count)]
            }
        }
        return bytes
    }

    /// Reads everything that a checkpoint offers; true where nothing was thrown.
    static func readAll(_ open: () throws(CheckpointError) -> Checkpoint) -> Bool {
        do throws(CheckpointError) {
            let checkpoint = try open()
            for tensor in checkpoint.tensors where ElementType.decodable.contains(tensor.type) {
                _ = try checkpoint.floats(tensor.name)
            }
            _ = try ModelParameters(checkpoint)
            return true
        } catch {
            #expect(!error.description.isEmpty)
            return false
        }
    }

    @Test(arguments: seeds) func `changed GGUF files are read or refused`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let original = GGUFBuilder.llama().bytes
        var readCount = 0
        for _ in 0..<Self.caseCount {
            let region = Region(Self.mutate(original, &random))
            let isRead = Self.readAll { () throws(CheckpointError) in
                try GGUF.open(NamedRegion(name: "fuzz.gguf", region: region))
            }
            if isRead { readCount += 1 }
        }
        // Changes of weights are harmless, changes of the header are not.
        #expect(readCount > 0 && readCount < Self.caseCount, "seed \(seed)")
    }

    @Test(arguments: seeds) func `changed safetensors files are read or refused`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let original = DirectoryBuilder().files()
        var readCount = 0
        for _ in 0..<Self.caseCount {
            var files = original
            let which = random.below(2)
            files[which].region = Region(Self.mutate(files[which].region.bytes, &random))
            let isRead = Self.readAll { () throws(CheckpointError) in
                try SafetensorsDirectory.open(files, name: "fuzz")
            }
            if isRead { readCount += 1 }
        }
        #expect(readCount > 0 && readCount < Self.caseCount, "seed \(seed)")
    }

    @Test func `a file cut at any byte is refused, or has lost only padding`() {
        let whole = GGUFBuilder.llama().bytes
        for count in 0..<whole.count {
            let region = Region(Array(whole[..<count]))
            let isRead = Self.readAll { () throws(CheckpointError) in
                try GGUF.open(NamedRegion(name: "cut.gguf", region: region))
            }
            #expect(!isRead, "cut at \(count)")
        }
    }
}
