import Identity
import Primitives
import Shards
import Testing
import Wire

@Suite struct `Shards' vectors` {
    @Test func `each request gets the reply that another implementation wrote`() throws {
        let vectors = try readVectors()
        func vector(_ name: String) throws -> [UInt8] { try #require(vectors[name]) }
        var reader = ByteReader(try vector("signedManifest"))
        let signed = try SignedManifest(from: &reader)
        #expect(signed.isAuthentic(suite: .simulated))
        let root = Digest(Bytes32(try vector("root")))
        let (chunk, digest) = (
            try vector("chunkBytes"), Digest(Bytes32(try vector("chunkDigest")))
        )
        let asker = NodeID(Bytes32(first: 1, second: 0, third: 0, fourth: 0))
        var core = ShardCore(suite: .simulated, seed: 1)
        core.offer(signed)
        core.offer(root: root, chunkCount: 1)
        var mail = Mail()
        let talk = [
            ("askManifest", "manifest"), ("askManifestByName", "manifest"),
            ("askChunkList", "chunkList"), ("askChunk", "chunk"),
            ("askAbsentChunk", "shardRefused"),
        ]
        for (request, reply) in talk {
            core.receive(try vector(request), from: asker, at: .origin, into: &mail)
            while let event = core.nextEvent() {
                switch event {
                case .readChunk(let token, root, 0):
                    core.chunkRead(token, bytes: chunk, at: .origin, into: &mail)
                case .readChunkList(let token, root):
                    core.chunkListRead(token, digests: [digest], at: .origin, into: &mail)
                default: Issue.record("an event that nobody expects: \(event)")
                }
            }
            let letter = mail.next()
            #expect(try letter?.bytes == vector(reply), "\(reply)")
        }
    }
}
