import Identity
import Primitives
import Testing

@Suite struct HashTests {
    /// The vector's name for each purpose; only one differs from the case's own name.
    private static let names: [(HashPurpose, String)] = [
        (.nodeWork, "nodeWork"), (.nodeID, "nodeID"), (.swarm, "swarm"), (.manifest, "manifest"),
        (.piece, "piece"), (.chunk, "chunk"), (.layerTopic, "layerTopic"),
        (.nameTopic, "nameTopic"), (.signature, "signatureHash"), (.token, "token"),
        (.handshakeMAC, "handshakeMAC"), (.cookieKey, "cookieKey"), (.entropy, "entropy"),
        (.prefix, "prefix"), (.simulated, "simulated"),
    ]

    @Test func `each purpose hashes as another library does`() throws {
        let vectors = try Vectors()
        #expect(Self.names.count == HashPurpose.allCases.count)
        var seen: Set<Digest> = []
        for (purpose, name) in Self.names {
            let digest = Digest.of(try vectors["message"], for: purpose)
            #expect(try digest.bytes == vectors[name], "\(name)")
            seen.insert(digest)
        }
        #expect(seen.count == HashPurpose.allCases.count)
    }

    @Test func `keyed hashes, SHA-256, HMAC and Noise's HKDF are those of another library`() throws
    {
        let vectors = try Vectors()
        let (message, key) = (try vectors["message"], try vectors["signingSeed"])
        #expect(try keyedHash16(key: key, message) == vectors["keyedHash"])
        #expect(try SHA256.hash(message) == vectors["sha256"])
        #expect(try SHA256.authenticate(message, key: Array("key".utf8)) == vectors["hmac"])
        let (first, second) = SHA256.expand(
            chainingKey: key, try vectors["agreementSecret"])
        #expect(try first + second == vectors["expanded"])
    }

    @Test func `swarms of different names have different keys`() throws {
        #expect(try SwarmKey(name: "abc").digest.bytes == Vectors()["swarm"])
        #expect(SwarmKey(name: "abc") != SwarmKey(name: "abd"))
    }
}
