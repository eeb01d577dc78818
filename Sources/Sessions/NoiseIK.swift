public import Identity
public import Primitives

/// The handshake `Noise_IK_25519_ChaChaPoly_SHA256` (Noise revision 34), and nothing around it.
///
///     <- s
///     ...
///     -> e, es, s, ss
///     <- e, ee, se
///
/// Ephemeral secrets are arguments. A call that returns nil leaves a state that must be thrown
/// away: keep a copy where a forged message must not end the handshake.
public struct NoiseIK: Sendable {
    public static let protocolName = "Noise_IK_25519_ChaChaPoly_SHA256"

    private let suite: CryptoSuite
    private let staticSecret: Bytes32
    private let staticKey: PublicKey
    private let ephemeralSecret: Bytes32
    private var remoteEphemeral: PublicKey?
    /// The other's static key: known to the initiator, learnt by the responder.
    public private(set) var remoteStatic: PublicKey?
    private var chainingKey: [UInt8]
    /// Noise's `h`: names this handshake once it is over.
    public private(set) var transcript: [UInt8]
    private var key: SealingKey?
    private var counter: UInt64 = 0

    /// The side that knows the other's static key and speaks first.
    public init(
        initiating responder: PublicKey, staticSecret: Bytes32, staticKey: PublicKey,
        ephemeralSecret: Bytes32, prologue: [UInt8], suite: CryptoSuite
    ) {
        self.init(
            suite: suite, staticSecret: staticSecret, staticKey: staticKey,
            ephemeralSecret: ephemeralSecret, prologue: prologue, responder: responder)
        remoteStatic = responder
    }

    /// The side that is spoken to.
    public init(
        respondingWith staticSecret: Bytes32, staticKey: PublicKey, ephemeralSecret: Bytes32,
        prologue: [UInt8], suite: CryptoSuite
    ) {
        self.init(
            suite: suite, staticSecret: staticSecret, staticKey: staticKey,
            ephemeralSecret: ephemeralSecret, prologue: prologue, responder: staticKey)
    }

    private init(
        suite: CryptoSuite, staticSecret: Bytes32, staticKey: PublicKey, ephemeralSecret: Bytes32,
        prologue: [UInt8], responder: PublicKey
    ) {
        self.suite = suite
        self.staticSecret = staticSecret
        self.staticKey = staticKey
        self.ephemeralSecret = ephemeralSecret
        // The name is exactly 32 bytes long, so it is the first hash as it stands.
        transcript = Array(Self.protocolName.utf8)
        chainingKey = transcript
        mixHash(prologue)
        mixHash(responder.bytes)
    }

    /// 96 bytes more than `payload`: ephemeral key, sealed static key, sealed payload.
    public mutating func writeInitiation(_ payload: [UInt8]) -> [UInt8]? {
        guard let remoteStatic else { return nil }
        var message = writeEphemeral()
        guard mixAgreement(ephemeralSecret, remoteStatic) else { return nil }
        message += encryptAndHash(staticKey.bytes)
        guard mixAgreement(staticSecret, remoteStatic) else { return nil }
        return message + encryptAndHash(payload)
    }

    /// The initiator's payload, or nil where it does not fit this responder.
    public mutating func readInitiation(_ message: [UInt8]) -> [UInt8]? {
        guard message.count >= 96 else { return nil }
        let ephemeral = readEphemeral(message)
        guard mixAgreement(staticSecret, ephemeral),
            let initiator = decryptAndHash(Array(message[32..<80]))
        else { return nil }
        let initiatorKey = PublicKey(Bytes32(initiator))
        remoteStatic = initiatorKey
        guard mixAgreement(staticSecret, initiatorKey) else { return nil }
        return decryptAndHash(Array(message[80...]))
    }

    /// 48 bytes more than `payload`: ephemeral key, sealed payload.
    public mutating func writeResponse(_ payload: [UInt8]) -> [UInt8]? {
        guard let remoteStatic, let remoteEphemeral else { return nil }
        let message = writeEphemeral()
        guard mixAgreement(ephemeralSecret, remoteEphemeral),
            mixAgreement(ephemeralSecret, remoteStatic)
        else { return nil }
        return message + encryptAndHash(payload)
    }

    /// The responder's payload, or nil where it does not answer this initiation.
    public mutating func readResponse(_ message: [UInt8]) -> [UInt8]? {
        guard message.count >= 48 else { return nil }
        let ephemeral = readEphemeral(message)
        guard mixAgreement(ephemeralSecret, ephemeral), mixAgreement(staticSecret, ephemeral)
        else { return nil }
        return decryptAndHash(Array(message[32...]))
    }

    /// The two keys of the session: what the initiator seals with, and what the responder does.
    public func split() -> (initiator: SealingKey, responder: SealingKey) {
        let (first, second) = SHA256.expand(chainingKey: chainingKey, [])
        return (SealingKey(first), SealingKey(second))
    }

    private mutating func writeEphemeral() -> [UInt8] {
        let key = suite.agreementPublicKey(secret: ephemeralSecret).bytes
        mixHash(key)
        return key
    }

    private mutating func readEphemeral(_ message: [UInt8]) -> PublicKey {
        let key = PublicKey(Bytes32(message[0..<32]))
        remoteEphemeral = key
        mixHash(key.bytes)
        return key
    }

    private mutating func mixHash(_ bytes: [UInt8]) { transcript = SHA256.hash(transcript + bytes) }

    /// False where the other's key is a point of small order.
    private mutating func mixAgreement(_ secret: Bytes32, _ publicKey: PublicKey) -> Bool {
        guard let shared = suite.agree(secret: secret, with: publicKey) else { return false }
        let (chain, sealing) = SHA256.expand(chainingKey: chainingKey, shared)
        chainingKey = chain
        key = SealingKey(sealing)
        counter = 0
        return true
    }

    private mutating func encryptAndHash(_ plaintext: [UInt8]) -> [UInt8] {
        guard let key else { preconditionFailure("IK has a key before it seals") }
        let sealed = Sealing.seal(
            plaintext, authenticating: transcript, key: key, counter: counter)
        counter += 1
        mixHash(sealed)
        return sealed
    }

    private mutating func decryptAndHash(_ sealed: [UInt8]) -> [UInt8]? {
        guard let key,
            let plaintext = Sealing.open(
                sealed, authenticating: transcript, key: key, counter: counter)
        else { return nil }
        counter += 1
        mixHash(sealed)
        return plaintext
    }
}
