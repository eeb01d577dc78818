import Identity
import Primitives
import Testing

@Suite struct SealingTests {
    /// RFC 8439 appendix A.5: its nonce is four zero bytes and this counter.
    private static let counter: UInt64 = 0x0807_0605_0403_0201

    @Test func `sealing gives the bytes that RFC 8439 prints`() throws {
        let vectors = try Vectors()
        let key = SealingKey(try vectors["sealKey"])
        let (header, plain) = (try vectors["sealHeader"], try vectors["plain"])
        let sealed = Sealing.seal(
            plain, authenticating: header, key: key, counter: Self.counter)
        #expect(try sealed == vectors["sealed"])
        let opened = Sealing.open(
            sealed, authenticating: header, key: key, counter: Self.counter)
        #expect(opened == plain)
    }

    @Test func `sealing in place touches the body and its tag alone`() throws {
        let vectors = try Vectors()
        let key = SealingKey(try vectors["sealKey"])
        let (header, plain) = (try vectors["sealHeader"], try vectors["plain"])
        let rest = [UInt8](repeating: 0xEE, count: 9)
        var packet = header + plain + [UInt8](repeating: 0, count: Sealing.tagByteCount) + rest
        Sealing.seal(
            &packet, headerByteCount: header.count, bodyByteCount: plain.count, key: key,
            counter: Self.counter)
        #expect(try packet == header + vectors["sealed"] + rest)
    }

    @Test func `what was changed, cut or sealed otherwise does not open`() throws {
        let key = SealingKey([UInt8](repeating: 7, count: 32))
        let (header, plain): ([UInt8], [UInt8]) = ([1, 2, 3, 4], Array(0..<50))
        let sealed = Sealing.seal(plain, authenticating: header, key: key, counter: 5)
        func opens(
            _ sealed: [UInt8], _ header: [UInt8], _ key: SealingKey, _ counter: UInt64
        ) -> Bool {
            Sealing.open(sealed, authenticating: header, key: key, counter: counter) != nil
        }
        #expect(opens(sealed, header, key, 5))
        #expect(!opens(sealed, header, key, 6))
        #expect(!opens(sealed, [1, 2, 3, 5], key, 5))
        #expect(!opens(sealed, header, SealingKey([UInt8](repeating: 8, count: 32)), 5))
        for index in sealed.indices {
            var bent = sealed
            bent[index] ^= 0x80
            #expect(!opens(bent, header, key, 5), "byte \(index)")
        }
        for count in 0..<sealed.count { #expect(!opens(Array(sealed[..<count]), header, key, 5)) }
    }

    @Test func `a packet longer than the output is not opened`() {
        let key = SealingKey([UInt8](repeating: 7, count: 32))
        let sealed = Sealing.seal(Array(0..<50), authenticating: [1], key: key, counter: 0)
        let packet = [1] + sealed
        var small = [UInt8](repeating: 0, count: 49)
        let opened = Sealing.open(
            packet.span, headerByteCount: 1, key: key, counter: 0, into: &small)
        #expect(opened == nil && small.allSatisfy { $0 == 0 })
    }

    @Test func `XChaCha20-Poly1305 gives the bytes that its draft prints`() throws {
        let vectors = try Vectors()
        let key = SealingKey((0x80...0x9F).map { UInt8($0) })
        let nonce = (0x40...0x57).map { UInt8($0) }
        let header: [UInt8] = [
            0x50, 0x51, 0x52, 0x53, 0xC0, 0xC1, 0xC2, 0xC3, 0xC4, 0xC5, 0xC6, 0xC7,
        ]
        let sealed = RandomNonceSealing.seal(
            try vectors["xPlain"], authenticating: header, key: key, nonce: nonce)
        #expect(try sealed == vectors["xSealed"])
        func open(_ sealed: [UInt8], _ nonce: [UInt8]) -> [UInt8]? {
            RandomNonceSealing.open(sealed, authenticating: header, key: key, nonce: nonce)
        }
        #expect(try open(sealed, nonce) == vectors["xPlain"])
        #expect(open(sealed, Array(nonce.reversed())) == nil)
        #expect(open(Array(sealed.dropLast()), nonce) == nil)
        #expect(open([], nonce) == nil && open(sealed, []) == nil)
    }
}
