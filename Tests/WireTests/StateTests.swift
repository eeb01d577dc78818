import Identity
import Primitives
import Testing
import Wire

@Suite struct StateTests {
    private let keys = NodeKeys.seeded(3)
    private var record: NodeRecord { NodeRecord(keys: keys, sequence: 1, addresses: []) }

    private func read(_ bytes: [UInt8]) throws(WireError) -> SignedState {
        var reader = ByteReader(bytes)
        let state = try SignedState(from: &reader)
        try reader.finish()
        return state
    }

    private func written(_ state: SignedState) -> [UInt8] {
        var writer = ByteWriter()
        state.write(into: &writer)
        return writer.bytes
    }

    @Test func `a state says what another implementation wrote`() throws {
        let vectors = try Vectors()
        let signed = try read(vectors["signedState"])
        let state = signed.state
        #expect(signed.isAuthentic(suite: .sodium))
        #expect(state.id == NodeID(try vectors.raw("id")))
        #expect(state.sequence == 1_700_000_000_123 && state.presence == .userActive)
        #expect(state.activeRequestCount == 3 && state.layerMicroseconds == 1_250)
        #expect(state.memoryMebibytes == 4_096 && state.memoryUsedMebibytes == 300)
        let coordinate = Coordinate(axes: [1, -2, 300, -32_768], height: 65_535, error: 40)
        #expect(state.coordinate == coordinate)
        let model = Digest(try vectors.raw("model"))
        #expect(
            state.holdings == [
                Holding(
                    model: model, layers: LayerRange(0, 3), layerCount: 1_024, hasEnds: true),
                Holding(
                    model: Digest(.zero), layers: LayerRange(5, 5), layerCount: 6, hasEnds: false,
                    hasAllPieces: true),
            ])
        #expect(state.pending.map(\.layers) == [LayerRange(200, 300)])
        #expect(state.demands == [25, 0])
        #expect(state.holding(of: model)?.layers == LayerRange(0, 3))
        #expect(try written(signed) == vectors["signedState"])
    }

    @Test func `the largest state is within its limit and comes back whole`() throws {
        var state = NodeState(id: keys.id, sequence: .max)
        let holdings = (0..<Limits.modelsPerNode).map { index in
            Holding(
                model: Digest.of([UInt8(index)], for: .manifest),
                layers: LayerRange(1_000, 1_024), layerCount: 1_024, hasEnds: true,
                hasAllPieces: true)
        }
        state.holdings = holdings
        state.demands = holdings.map { _ in Limits.demandTenths }
        (state.activeRequestCount, state.memoryMebibytes) = (1 << 20, 1 << 30)
        (state.memoryUsedMebibytes, state.layerMicroseconds) = (1 << 30, 1 << 40)
        let signed = SignedState(state, record: record, keys: keys)
        #expect(signed.encoded.count <= Limits.stateByteCount)
        #expect(try read(written(signed)) == signed)
    }

    @Test func `no byte of a state can be changed`() {
        var state = NodeState(id: keys.id, sequence: 7)
        state.holdings = [
            Holding(model: Digest(.zero), layers: LayerRange(0, 1), layerCount: 2, hasEnds: true)
        ]
        let bytes = written(SignedState(state, record: record, keys: keys))
        // Behind the record, whose own signature covers it.
        for index in (record.encoded.count + 2)..<bytes.count {
            var bent = bytes
            bent[index] ^= 0x10
            let isBelieved = (try? read(bent))?.isAuthentic(suite: .sodium) ?? false
            #expect(!isBelieved, "byte \(index)")
        }
    }

    @Test func `a state of somebody else than its record's owner is refused`() throws {
        let other = NodeKeys.seeded(4)
        let honest = SignedState(
            NodeState(id: other.id, sequence: 1),
            record: NodeRecord(keys: other, sequence: 1, addresses: []), keys: other)
        var writer = ByteWriter()
        writer.write(record)
        writer.writeBlob(honest.encoded)
        let bytes = writer.bytes
        #expect(throws: WireError.invalid) { try read(bytes) }
    }

    @Test func `states that are cut or lengthened are refused`() {
        let bytes = written(
            SignedState(NodeState(id: keys.id, sequence: 7), record: record, keys: keys))
        for count in 0..<bytes.count {
            #expect(throws: WireError.self) { try read(Array(bytes[..<count])) }
        }
        #expect(throws: WireError.trailing) { try read(bytes + [0]) }
    }

    @Test func `holdings that can't be are refused`() {
        func reading(_ lower: Int, _ upper: Int, _ count: Int, _ disk: UInt8) -> WireError? {
            var writer = ByteWriter()
            writer.write(Digest(.zero))
            for number in [lower, upper, count] { writer.writeVarint(number) }
            writer.write(disk)
            var reader = ByteReader(writer.bytes)
            do throws(WireError) {
                _ = try Holding(from: &reader)
                return nil
            } catch {
                return error
            }
        }
        #expect(reading(2, 4, 6, 3) == nil && reading(6, 6, 6, 0) == nil)
        #expect(reading(4, 2, 6, 0) == .invalid)
        #expect(reading(2, 7, 6, 0) == .invalid)
        #expect(reading(2, 4, 6, 4) == .invalid)
        #expect(reading(2, 4, Limits.layerCount + 1, 0) == .overLimit)
    }
}
