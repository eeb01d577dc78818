import Identity
import Primitives
import Testing
import Wire

@Suite struct AdTests {
    @Test func `an ad says what another implementation wrote`() throws {
        let vectors = try Vectors()
        let ad = try Ad(decoding: vectors["ad"])
        #expect(ad.isAuthentic(suite: .sodium, puzzleBitCount: 8))
        #expect(ad.record.id == NodeID(try vectors.raw("id")))
        #expect(ad.sequence == 77 && ad.lifetimeSeconds == 600)
        #expect(ad.holding.model == Digest(try vectors.raw("model")))
        #expect(ad.holding.layers == LayerRange(4, 12) && ad.holding.layerCount == 200)
    }

    @Test func `no byte of an ad can be changed, and none can be missing`() {
        let keys = NodeKeys.seeded(2)
        let holding = Holding(
            model: Digest(.zero), layers: LayerRange(0, 3), layerCount: 6, hasEnds: false)
        let ad = Ad(
            holding: holding, sequence: 1, lifetimeSeconds: 60,
            record: NodeRecord(keys: keys, sequence: 1, addresses: []), keys: keys)
        #expect(ad.isAuthentic(suite: .sodium, puzzleBitCount: 0))
        for index in ad.encoded.indices {
            var bent = ad.encoded
            bent[index] ^= 0x40
            let read = try? Ad(decoding: bent)
            #expect(read?.isAuthentic(suite: .sodium, puzzleBitCount: 0) != true, "byte \(index)")
            #expect(throws: WireError.self) { try Ad(decoding: Array(ad.encoded[..<index])) }
        }
        #expect(throws: WireError.trailing) { try Ad(decoding: ad.encoded + [0]) }
        let long = ad.encoded + [UInt8](repeating: 0, count: Limits.adByteCount)
        #expect(throws: WireError.overLimit) { try Ad(decoding: long) }
    }

    @Test func `topics are where another implementation looks`() throws {
        let vectors = try Vectors()
        let model = Digest(try vectors.raw("model"))
        #expect(try Topic.layers(of: model, block: 3).bytes == vectors["topicOfBlock3"])
        #expect(try Topic.name("boredling").bytes == vectors["topicOfName"])
    }

    @Test func `an ad is filed under each block that its layers touch`() {
        let model = Digest.of([1], for: .manifest)
        func blocks(_ lower: Int, _ upper: Int) -> [NodeID] {
            Topic.layers(
                of: Holding(
                    model: model, layers: LayerRange(lower, upper), layerCount: 64,
                    hasEnds: false))
        }
        func topics(_ blocks: [Int]) -> [NodeID] {
            blocks.map { Topic.layers(of: model, block: $0) }
        }
        #expect(blocks(0, 8) == topics([0]))
        #expect(blocks(7, 9) == topics([0, 1]))
        #expect(blocks(8, 24) == topics([1, 2]))
        #expect(blocks(5, 5).isEmpty)
    }
}
