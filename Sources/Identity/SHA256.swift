internal import CSodium

/// SHA-256 (FIPS 180-4) and what Noise builds on it. Sessions use it because libsodium 1.0.18 has
/// no BLAKE2s; everything else in the mesh hashes with BLAKE2b.
public enum SHA256 {
    public static func hash(_ bytes: [UInt8]) -> [UInt8] {
        precondition(Sodium.isReady)
        var output = [UInt8](repeating: 0, count: 32)
        // 32 bytes out; the length stands beside its array.
        let status = unsafe crypto_hash_sha256(&output, bytes, UInt64(bytes.count))
        precondition(status == 0)
        return output
    }

    /// HMAC-SHA-256 (RFC 2104) under a key of any length.
    public static func authenticate(_ bytes: [UInt8], key: [UInt8]) -> [UInt8] {
        precondition(Sodium.isReady)
        var state = crypto_auth_hmacsha256_state()
        var output = [UInt8](repeating: 0, count: 32)
        // The state is libsodium's own struct; lengths stand beside their arrays; 32 bytes out.
        unsafe crypto_auth_hmacsha256_init(&state, key, key.count)
        unsafe crypto_auth_hmacsha256_update(&state, bytes, UInt64(bytes.count))
        unsafe crypto_auth_hmacsha256_final(&state, &output)
        return output
    }

    /// Noise's HKDF with two outputs (revision 34, section 4.3): RFC 5869 with the chaining key as
    /// salt and no info.
    public static func expand(chainingKey: [UInt8], _ material: [UInt8]) -> ([UInt8], [UInt8]) {
        let extracted = authenticate(material, key: chainingKey)
        let first = authenticate([1], key: extracted)
        return (first, authenticate(first + [2], key: extracted))
    }
}
