import Primitives
import Testing
import Wire

@Suite struct CompressionTests {
    /// 300 times "a" in lz4's block format, written by hand from its description: one literal, a
    /// match of 294 at distance 1, and five literals, as the format wants at the end.
    private let block: [UInt8] = [
        0x1F, 0x61, 0x01, 0x00, 0xFF, 0x14, 0x50, 0x61, 0x61, 0x61, 0x61, 0x61,
    ]

    private func opening(_ bytes: [UInt8], _ byteCount: Int) -> WireError? {
        do throws(WireError) {
            _ = try Compression.decompress(bytes, byteCount: byteCount)
            return nil
        } catch {
            return error
        }
    }

    @Test func `a block written by hand is opened`() throws {
        let opened = try Compression.decompress(block, byteCount: 300)
        #expect(opened == [UInt8](repeating: 0x61, count: 300))
    }

    @Test func `a block that claims another size is refused`() {
        for claim in [1, 299, 301, 4_096, Limits.messageByteCount] {
            #expect(opening(block, claim) == .invalid, "\(claim)")
        }
    }

    @Test func `sizes beyond the limit are refused before anything is allocated`() {
        for claim in [0, -1, Limits.messageByteCount + 1, .max, .min] {
            #expect(opening(block, claim) == .overLimit, "\(claim)")
        }
    }

    @Test func `a small block can't unfold beyond what it claims`() {
        // A match of 4 MiB and a few bytes from sixteen kibibytes of 0xFF.
        let bomb = [0x1F, 0x61, 0x01, 0x00] + [UInt8](repeating: 0xFF, count: 16_500)
        #expect(opening(bomb + [0x00, 0x00], 300) == .invalid)
        #expect(opening(bomb + [0x00, 0x00], Limits.messageByteCount) == .invalid)
    }

    @Test func `cut, bent and random blocks are refused or open to the claimed size`() throws {
        var random = SeededRandom(seed: 4)
        for count in 0..<block.count { #expect(opening(Array(block[..<count]), 300) != nil) }
        let text = (0..<2_000).map { UInt8($0 / 9 % 17) }
        let whole = try #require(Compression.compress(text))
        for _ in 0..<20_000 {
            var bent = whole
            for _ in 0...random.below(4) {
                bent[random.below(bent.count)] = UInt8(truncatingIfNeeded: random.next())
            }
            if random.below(3) == 0 { bent.removeLast(random.below(bent.count)) }
            let claim = 1 + random.below(4_000)
            if let opened = try? Compression.decompress(bent, byteCount: claim) {
                #expect(opened.count == claim)
            }
        }
    }

    @Test func `what shrinks comes back, and what does not shrink is left alone`() throws {
        var random = SeededRandom(seed: 5)
        for byteCount in [128, 1_000, 70_000, Limits.messageByteCount] {
            let text = (0..<byteCount).map { UInt8($0 / 100 % 26) }
            let small = try #require(Compression.compress(text))
            #expect(small.count <= byteCount - byteCount / 8)
            #expect(try Compression.decompress(small, byteCount: byteCount) == text)
        }
        let noise = (0..<4_096).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        #expect(Compression.compress(noise) == nil)
        #expect(Compression.compress([UInt8](repeating: 0, count: 127)) == nil)
        let tooLong = [UInt8](repeating: 0, count: Limits.messageByteCount + 1)
        #expect(Compression.compress(tooLong) == nil)
    }
}
