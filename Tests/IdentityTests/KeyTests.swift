import Identity
import Primitives
import Testing

@Suite struct KeyTests {
    private func keys(_ vectors: Vectors) throws -> NodeKeys {
        NodeKeys(
            signingSeed: try vectors.raw("signingSeed"),
            agreementSecret: try vectors.raw("agreementSecret"),
            puzzleNonce: UInt64(try vectors["puzzleNonce"][0]))
    }

    @Test func `public keys are those of RFC 8032 and RFC 7748`() throws {
        let vectors = try Vectors()
        let keys = try keys(vectors)
        #expect(try keys.signingKey.bytes == vectors["signingKey"])
        #expect(try keys.agreementKey.bytes == vectors["agreementKey"])
        let bob = CryptoSuite.sodium.agreementPublicKey(secret: try vectors.raw("bobSecret"))
        #expect(try bob.bytes == vectors["bobKey"])
    }

    @Test func `both ends agree on the secret that RFC 7748 prints`() throws {
        let vectors = try Vectors()
        let suite = CryptoSuite.sodium
        let alice = suite.agree(
            secret: try vectors.raw("agreementSecret"),
            with: PublicKey(try vectors.raw("bobKey")))
        let bob = suite.agree(
            secret: try vectors.raw("bobSecret"),
            with: PublicKey(try vectors.raw("agreementKey")))
        #expect(try alice == vectors["shared"] && bob == vectors["shared"])
    }

    @Test func `a key of small order agrees with nobody`() throws {
        let secret = try Vectors().raw("bobSecret")
        let one = Bytes32(first: 1 << 56, second: 0, third: 0, fourth: 0)
        for point in [Bytes32.zero, one] {
            #expect(CryptoSuite.sodium.agree(secret: secret, with: PublicKey(point)) == nil)
        }
    }

    @Test func `a signature is the one that another library makes`() throws {
        let vectors = try Vectors()
        let keys = try keys(vectors)
        let message = try vectors["message"]
        let signature = keys.sign(message)
        #expect(try signature.bytes == vectors["signature"])
        #expect(keys.suite.verify(signature, of: message, by: keys.signingKey))
    }

    @Test(arguments: [CryptoSuite.sodium, .simulated])
    func `a signature holds for its message and its key alone`(suite: CryptoSuite) {
        let (keys, other) = (NodeKeys.seeded(1, suite: suite), NodeKeys.seeded(2, suite: suite))
        let message: [UInt8] = [1, 2, 3]
        let signature = keys.sign(message)
        #expect(suite.verify(signature, of: message, by: keys.signingKey))
        #expect(!suite.verify(signature, of: message + [0], by: keys.signingKey))
        #expect(!suite.verify(signature, of: message, by: other.signingKey))
        for index in signature.bytes.indices {
            var bent = signature
            bent.bytes[index] ^= 1
            #expect(!suite.verify(bent, of: message, by: keys.signingKey), "byte \(index)")
        }
    }

    @Test func `the puzzle is solved by the nonce that another implementation finds`() throws {
        let vectors = try Vectors()
        let keys = try keys(vectors)
        #expect(try keys.id.bytes == vectors["solvedID"])
        #expect(Puzzle.solve(keys.signingKey, bitCount: 8) == keys.puzzleNonce)
        #expect(Puzzle.isSolved(keys.signingKey, nonce: keys.puzzleNonce, bitCount: 8))
        for nonce in 0..<keys.puzzleNonce {
            #expect(!Puzzle.isSolved(keys.signingKey, nonce: nonce, bitCount: 8))
        }
        #expect(Puzzle.nodeID(of: keys.signingKey, nonce: keys.puzzleNonce + 1) != keys.id)
    }

    @Test func `keys from entropy solve the puzzle they were asked to`() {
        let entropy = (0..<64).map { UInt8($0) }
        let keys = NodeKeys.make(entropy: entropy, puzzleBitCount: 10)
        #expect(keys.signingSeed == Bytes32(entropy[0..<32]))
        #expect(keys.agreementSecret == Bytes32(entropy[32..<64]))
        let work = Puzzle.work(keys.signingKey, nonce: keys.puzzleNonce)
        #expect(work.raw.leadingZeroBitCount >= 10)
    }

    @Test func `drawn secrets follow from the seed and do not repeat`() throws {
        let vectors = try Vectors()
        var stream = EntropyStream(seed: try vectors.raw("signingSeed"))
        #expect(try stream.next32().bytes == vectors["entropyFirst"])
        #expect(try stream.next32().bytes == vectors["entropySecond"])
        var seen: Set<Bytes32> = []
        for _ in 0..<100 { seen.insert(stream.next32()) }
        #expect(seen.count == 100)
    }
}
