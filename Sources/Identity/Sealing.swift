internal import CSodium

/// A ChaCha20-Poly1305 key: 32 bytes.
public struct SealingKey: Hashable, Sendable {
    let bytes: [UInt8]

    /// Traps on any other count than 32.
    public init(_ bytes: [UInt8]) {
        precondition(Sodium.isReady && bytes.count == 32)
        self.bytes = bytes
    }
}

/// ChaCha20-Poly1305 (RFC 8439) with Noise's nonce: four zero bytes, then the counter in
/// little-endian order (Noise revision 34, section 12.3). A key never meets a counter twice.
public enum Sealing {
    public static let tagByteCount = 16

    /// Seals `bytes[headerByteCount ..< headerByteCount + bodyByteCount]` where it lies; the header
    /// before it is authenticated, and the tag is written behind it. Allocates nothing.
    public static func seal(
        _ bytes: inout [UInt8], headerByteCount: Int, bodyByteCount: Int, key: SealingKey,
        counter: UInt64
    ) {
        precondition(headerByteCount + bodyByteCount + tagByteCount <= bytes.count)
        var nonce = nonceWords(counter)
        // The precondition covers the body and its tag; libsodium seals in place when both
        // pointers are equal; the nonce is 12 bytes.
        let status = unsafe bytes.withUnsafeMutableBufferPointer { buffer in
            unsafe withUnsafeBytes(of: &nonce) { nonce in
                guard let base = buffer.baseAddress,
                    let nonce = unsafe nonce.bindMemory(to: UInt8.self).baseAddress
                else { return Int32(-1) }
                let body = unsafe base + headerByteCount
                return unsafe crypto_aead_chacha20poly1305_ietf_encrypt(
                    body, nil, body, UInt64(bodyByteCount), base, UInt64(headerByteCount), nil,
                    nonce, key.bytes)
            }
        }
        precondition(status == 0)
    }

    /// Opens what follows the header of `packet` into the front of `output`; the count of bytes
    /// written, or nil where the tag is wrong. Allocates nothing.
    public static func open(
        _ packet: Span<UInt8>, headerByteCount: Int, key: SealingKey, counter: UInt64,
        into output: inout [UInt8]
    ) -> Int? {
        let bodyByteCount = packet.count - headerByteCount - tagByteCount
        guard bodyByteCount >= 0, bodyByteCount <= output.count else { return nil }
        var nonce = nonceWords(counter)
        // The guard bounds what is read and what is written; the nonce is 12 bytes.
        let status = unsafe packet.withUnsafeBufferPointer { buffer in
            unsafe withUnsafeBytes(of: &nonce) { nonce in
                guard let base = buffer.baseAddress,
                    let nonce = unsafe nonce.bindMemory(to: UInt8.self).baseAddress
                else { return Int32(-1) }
                return unsafe crypto_aead_chacha20poly1305_ietf_decrypt(
                    &output, nil, nil, base + headerByteCount,
                    UInt64(bodyByteCount + tagByteCount), base, UInt64(headerByteCount),
                    nonce, key.bytes)
            }
        }
        return status == 0 ? bodyByteCount : nil
    }

    /// The sealed form of a short text, tag included: for handshakes.
    public static func seal(
        _ plaintext: [UInt8], authenticating header: [UInt8], key: SealingKey, counter: UInt64
    ) -> [UInt8] {
        var bytes = header + plaintext + [UInt8](repeating: 0, count: tagByteCount)
        seal(
            &bytes, headerByteCount: header.count, bodyByteCount: plaintext.count, key: key,
            counter: counter)
        return Array(bytes.dropFirst(header.count))
    }

    /// The text that was sealed, or nil where the tag is wrong: for handshakes.
    public static func open(
        _ sealed: [UInt8], authenticating header: [UInt8], key: SealingKey, counter: UInt64
    ) -> [UInt8]? {
        guard sealed.count >= tagByteCount else { return nil }
        let packet = header + sealed
        var output = [UInt8](repeating: 0, count: sealed.count)
        guard
            let count = open(
                packet.span, headerByteCount: header.count, key: key, counter: counter,
                into: &output)
        else { return nil }
        output.removeLast(output.count - count)
        return output
    }

    private static func nonceWords(_ counter: UInt64) -> (UInt32, UInt32, UInt32) {
        let low = UInt32(truncatingIfNeeded: counter).littleEndian
        return (0, low, UInt32(truncatingIfNeeded: counter >> 32).littleEndian)
    }
}

/// XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03): a 24-byte nonce may be drawn at random.
public enum RandomNonceSealing {
    public static let nonceByteCount = 24

    public static func seal(
        _ plaintext: [UInt8], authenticating header: [UInt8], key: SealingKey, nonce: [UInt8]
    ) -> [UInt8] {
        precondition(nonce.count == nonceByteCount)
        var sealed = [UInt8](repeating: 0, count: plaintext.count + Sealing.tagByteCount)
        // The output holds the text and the tag; every other length stands beside its array.
        let status = unsafe crypto_aead_xchacha20poly1305_ietf_encrypt(
            &sealed, nil, plaintext, UInt64(plaintext.count), header, UInt64(header.count), nil,
            nonce, key.bytes)
        precondition(status == 0)
        return sealed
    }

    public static func open(
        _ sealed: [UInt8], authenticating header: [UInt8], key: SealingKey, nonce: [UInt8]
    ) -> [UInt8]? {
        guard sealed.count >= Sealing.tagByteCount, nonce.count == nonceByteCount else {
            return nil
        }
        var output = [UInt8](repeating: 0, count: sealed.count - Sealing.tagByteCount)
        // The output is the sealed text without its tag; other lengths stand beside their arrays.
        let status = unsafe crypto_aead_xchacha20poly1305_ietf_decrypt(
            &output, nil, nil, sealed, UInt64(sealed.count), header, UInt64(header.count), nonce,
            key.bytes)
        return status == 0 ? output : nil
    }
}
