internal import CSodium
public import Primitives

/// An Ed25519 signature: 64 bytes.
public struct Signature: Hashable, Sendable {
    public var bytes: [UInt8]

    /// Traps on any other count than 64.
    public init(_ bytes: [UInt8]) {
        precondition(bytes.count == 64)
        self.bytes = bytes
    }
}

/// How keys sign and agree: libsodium's curves, or a keyed hash for worlds of thousands of nodes
/// in the simulator, where curves would be most of the running time.
///
/// The simulated suite protects nothing (whoever knows a public key can sign for it) and is refused
/// by every shell; it only keeps sizes and control flow the same.
public enum CryptoSuite: Sendable {
    case sodium
    case simulated

    public func signingPublicKey(seed: Bytes32) -> PublicKey {
        guard self == .sodium else { return simulatedPublicKey(seed) }
        precondition(Sodium.isReady)
        var publicKey = [UInt8](repeating: 0, count: 32)
        var secretKey = [UInt8](repeating: 0, count: 64)
        // Sizes are Ed25519's: 32 for the seed and the public key, 64 for the secret key.
        let status = unsafe crypto_sign_seed_keypair(&publicKey, &secretKey, seed.bytes)
        precondition(status == 0)
        return PublicKey(Bytes32(publicKey))
    }

    /// An Ed25519 signature (RFC 8032) over BLAKE2b-256(message): short, and of constant cost.
    public func sign(_ message: [UInt8], seed: Bytes32, publicKey: PublicKey) -> Signature {
        let digest = Digest.of(message, for: .signature).bytes
        guard self == .sodium else { return simulatedSignature(digest, publicKey) }
        var signature = [UInt8](repeating: 0, count: 64)
        let secretKey = seed.bytes + publicKey.bytes
        // libsodium's secret key is the seed followed by the public key; the digest is 32 bytes.
        let status = unsafe crypto_sign_detached(&signature, nil, digest, 32, secretKey)
        precondition(status == 0)
        return Signature(signature)
    }

    public func verify(_ signature: Signature, of message: [UInt8], by publicKey: PublicKey) -> Bool
    {
        let digest = Digest.of(message, for: .signature).bytes
        guard self == .sodium else { return simulatedSignature(digest, publicKey) == signature }
        // 64, 32 and 32 bytes by construction.
        return unsafe crypto_sign_verify_detached(signature.bytes, digest, 32, publicKey.bytes) == 0
    }

    public func agreementPublicKey(secret: Bytes32) -> PublicKey {
        guard self == .sodium else { return simulatedPublicKey(secret) }
        precondition(Sodium.isReady)
        var publicKey = [UInt8](repeating: 0, count: 32)
        // 32 bytes in, 32 bytes out.
        let status = unsafe crypto_scalarmult_base(&publicKey, secret.bytes)
        precondition(status == 0)
        return PublicKey(Bytes32(publicKey))
    }

    /// X25519 (RFC 7748); nil where the other's key is a point of small order.
    public func agree(secret: Bytes32, with publicKey: PublicKey) -> [UInt8]? {
        guard self == .sodium else {
            let own = simulatedPublicKey(secret)
            let pair = own < publicKey ? own.bytes + publicKey.bytes : publicKey.bytes + own.bytes
            return Digest.of(pair, for: .simulated).bytes
        }
        precondition(Sodium.isReady)
        var shared = [UInt8](repeating: 0, count: 32)
        // 32 bytes each.
        let status = unsafe crypto_scalarmult(&shared, secret.bytes, publicKey.bytes)
        return status == 0 ? shared : nil
    }

    private func simulatedPublicKey(_ secret: Bytes32) -> PublicKey {
        PublicKey(Digest.of(secret.bytes, for: .simulated).raw)
    }

    private func simulatedSignature(_ digest: [UInt8], _ publicKey: PublicKey) -> Signature {
        let half = Digest.of(digest + publicKey.bytes, for: .simulated).bytes
        return Signature(half + half)
    }
}
