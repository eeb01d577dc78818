import Identity
import Kademlia
import Primitives
import Testing
import Wire

@Suite struct `Kademlia's vectors` {
    @Test func `each request gets the reply that another implementation wrote`() throws {
        let vectors = try readVectors()
        func vector(_ name: String) throws -> [UInt8] { try #require(vectors[name]) }
        let own = try NodeRecord(decoding: vector("own"))
        let known = try NodeRecord(decoding: vector("known"))
        let asker = try NodeRecord(decoding: vector("asker"))
        #expect(own.id.bytes == vectors["ownID"])
        #expect(known.isAuthentic(suite: .simulated, puzzleBitCount: 0))
        var core = KademliaCore(
            own: own, suite: .simulated, puzzleBitCount: 0, settings: KademliaSettings(), seed: 1)
        var mail = Mail()
        let now = Instant.origin + .seconds(1)
        for record in [known, asker] {
            core.peerEstablished(
                record, address: record.addresses[0], roundTrip: nil, at: now, into: &mail)
        }
        let talk = [
            ("findNodes", "nodes", asker.id), ("putAd", "adStored", known.id),
            ("findAds", "ads", asker.id),
        ]
        for (request, reply, sender) in talk {
            core.receive(try vector(request), from: sender, at: now, into: &mail)
            let letter = mail.next()
            #expect(letter?.recipient == sender)
            #expect(try letter?.bytes == vector(reply), "\(reply)")
        }
    }
}
