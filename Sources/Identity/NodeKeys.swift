public import Primitives

/// A node's secrets and what follows from them. Made once, at the node's first start.
public struct NodeKeys: Sendable {
    public let suite: CryptoSuite
    /// Seed of the Ed25519 key that signs what third parties check.
    public let signingSeed: Bytes32
    /// The X25519 secret that handshakes use. Its own key, so that no key serves two schemes.
    public let agreementSecret: Bytes32
    /// The work that makes a new id cost something.
    public let puzzleNonce: UInt64
    public let signingKey: PublicKey
    public let agreementKey: PublicKey
    public let id: NodeID

    /// Keys from stored secrets; a `puzzleNonce` that solves nothing is the owner's loss: peers
    /// refuse the record.
    public init(
        signingSeed: Bytes32, agreementSecret: Bytes32, puzzleNonce: UInt64,
        suite: CryptoSuite = .sodium
    ) {
        self.suite = suite
        self.signingSeed = signingSeed
        self.agreementSecret = agreementSecret
        self.puzzleNonce = puzzleNonce
        signingKey = suite.signingPublicKey(seed: signingSeed)
        agreementKey = suite.agreementPublicKey(secret: agreementSecret)
        id = Puzzle.nodeID(of: signingKey, nonce: puzzleNonce)
    }

    /// New keys from 64 bytes of entropy, with the puzzle solved to `puzzleBitCount` bits.
    public static func make(
        entropy: [UInt8], puzzleBitCount: Int = Limits.puzzleBitCount, suite: CryptoSuite = .sodium
    ) -> NodeKeys {
        precondition(entropy.count == 64)
        let seed = Bytes32(entropy[0..<32])
        let key = suite.signingPublicKey(seed: seed)
        return NodeKeys(
            signingSeed: seed, agreementSecret: Bytes32(entropy[32..<64]),
            puzzleNonce: Puzzle.solve(key, bitCount: puzzleBitCount), suite: suite)
    }

    /// Keys that follow from a number: simulated nodes and tests.
    public static func seeded(
        _ seed: UInt64, puzzleBitCount: Int = 0, suite: CryptoSuite = .sodium
    ) -> NodeKeys {
        var random = SeededRandom(seed: seed)
        let entropy = Bytes32(random: &random).bytes + Bytes32(random: &random).bytes
        return make(entropy: entropy, puzzleBitCount: puzzleBitCount, suite: suite)
    }

    public func sign(_ message: [UInt8]) -> Signature {
        suite.sign(message, seed: signingSeed, publicKey: signingKey)
    }
}

/// The work behind a node id (S/Kademlia section 4.1): `work = H(key, nonce)` must begin with zero
/// bits, and the id is `H(work)`, so that each new position in the key space costs a new solution.
public enum Puzzle {
    public static func work(_ key: PublicKey, nonce: UInt64) -> Digest {
        var writer = ByteWriter(reserving: 40)
        writer.write(key)
        writer.write(nonce)
        return Digest.of(writer.bytes, for: .nodeWork)
    }

    public static func isSolved(_ key: PublicKey, nonce: UInt64, bitCount: Int) -> Bool {
        work(key, nonce: nonce).raw.leadingZeroBitCount >= bitCount
    }

    public static func nodeID(of key: PublicKey, nonce: UInt64) -> NodeID {
        NodeID(Digest.of(work(key, nonce: nonce).bytes, for: .nodeID).raw)
    }

    /// The smallest nonce that solves the puzzle: 2^bitCount hashes on average.
    public static func solve(_ key: PublicKey, bitCount: Int) -> UInt64 {
        // Everything but the nonce stays: a start that allocates for each try takes ten times as
        // long.
        var input = key.bytes + Array(repeating: 0, count: 8)
        var hash = RepeatedHash(for: .nodeWork)
        var nonce: UInt64 = 0
        while hash.leadingZeroBitCount(of: input) < bitCount {
            nonce += 1
            for index in 0..<8 {
                input[32 + index] = UInt8(truncatingIfNeeded: nonce >> UInt64(8 * index))
            }
        }
        return nonce
    }
}
