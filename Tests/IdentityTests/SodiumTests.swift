import CSodium
import Foundation
import Identity
import Primitives
import Testing

struct SodiumTests {
    /// Until it is started, libsodium knows no instruction of the processor, and uses none.
    @Test func `libsodium has looked at the processor once anything was hashed`() throws {
        #expect(Digest.of([], for: .piece) != Digest.of([0], for: .piece))
        let processor = try String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)
        let words = Set(processor.split { $0 == " " || $0 == "\n" || $0 == "\t" })
        #expect((sodium_runtime_has_sse2() == 1) == words.contains("sse2"))
        #expect((sodium_runtime_has_avx2() == 1) == words.contains("avx2"))
    }
}
