import Identity
import MeshNode
import Primitives
import Sessions
import Testing
import Wire

/// A stranger's end of one session, written from Protocol.md alone.
private struct Intruder {
    let keys = NodeKeys.seeded(4_000, suite: .simulated)
    let record: NodeRecord
    private let key: SealingKey
    private let index: UInt32
    private var counter: UInt64 = 0

    /// Speaks to the node until the session stands.
    init(_ address: PeerAddress, meeting peer: Peer, in pipe: Pipe) throws {
        record = NodeRecord(keys: keys, sequence: 1, addresses: [address])
        let (swarm, other) = (SwarmKey(name: "pipe").digest, peer.node.record)
        var noise = NoiseIK(
            initiating: other.agreementKey, staticSecret: keys.agreementSecret,
            staticKey: keys.agreementKey, ephemeralSecret: record.agreementKey.raw,
            prologue: Array("BoredMesh".utf8) + [1] + swarm.bytes + other.id.bytes,
            suite: .simulated)
        var payload = ByteWriter()
        payload.write(UInt64(1))
        payload.write(UInt32(0))
        payload.write(record)
        payload.write([UInt8](repeating: 0, count: 376 - payload.count))
        var writer = ByteWriter()
        writer.write([1, 1, 0, 0, 7, 0, 0, 0])
        let message = noise.writeInitiation(payload.bytes)
        writer.write(try #require(message))
        let macKey = Digest.of(swarm.bytes + other.agreementKey.bytes, for: .handshakeMAC)
        writer.write(keyedHash16(key: macKey.bytes, writer.bytes))
        writer.write([UInt8](repeating: 0, count: 16))
        let answers = give(writer.bytes, from: address, to: peer, in: pipe)
        let answer = try #require(answers.first { $0[0] == 2 })
        let opened = noise.readResponse(Array(answer[12...]))
        _ = try #require(opened)
        key = noise.split().initiator
        var reader = ByteReader(answer[4..<8])
        index = try reader.readUInt32()
    }

    mutating func packet(_ frames: [UInt8]) -> [UInt8] {
        var writer = ByteWriter()
        writer.write([4, 1, 0, 0])
        writer.write(index)
        writer.write(counter)
        defer { counter += 1 }
        return writer.bytes
            + Sealing.seal(frames, authenticating: writer.bytes, key: key, counter: counter)
    }
}

/// Gives a node a datagram; what it sends back then.
@discardableResult
private func give(
    _ bytes: [UInt8], from address: PeerAddress, to peer: Peer, in pipe: Pipe
) -> [[UInt8]] {
    peer.node.receive(bytes.span, from: address, at: pipe.now, into: &pipe.outbox)
    while peer.node.nextEffect() != nil {}
    var sent: [[UInt8]] = []
    pipe.outbox.drain { bytes, target in
        if target == address { sent.append(bytes.indices.map { bytes[$0] }) }
    }
    return sent
}

struct OnePacketTests {
    private let address = PeerAddress(10, 9, 9, 9, port: 9)

    private func fragment(_ id: Int, of message: [UInt8], _ range: Range<Int>) -> [UInt8] {
        var writer = ByteWriter()
        writer.write([3, 1])
        writer.writeVarint(id)
        writer.writeVarint(message.count)
        writer.writeVarint(range.lowerBound)
        writer.writeVarint(range.count)
        writer.write(message[range])
        return writer.bytes
    }

    /// A dozen states of the stranger, each newer than the one before.
    private func states(_ intruder: Intruder, above sequence: UInt64) -> [UInt8] {
        var writer = ByteWriter()
        writer.write([MessageKind.states.rawValue, 0, 12])
        for offset in 1...12 {
            let state = NodeState(id: intruder.keys.id, sequence: sequence + UInt64(offset))
            writer.write([0, 0])
            SignedState(state, record: intruder.record, keys: intruder.keys)
                .write(into: &writer)
        }
        return writer.bytes
    }

    @Test func `a packet that completes a hundred messages is one packet`() throws {
        let pipe = Pipe()
        let peer = pipe.add(1)
        var intruder = try Intruder(address, meeting: peer, in: pipe)
        var ends: [UInt8] = []
        for id in 0..<100 {
            let message = states(intruder, above: UInt64(12 * id))
            for start in stride(from: 0, to: message.count - 1, by: 1_100) {
                let end = min(start + 1_100, message.count - 1)
                let packet = intruder.packet(fragment(id, of: message, start..<end))
                give(packet, from: address, to: peer, in: pipe)
            }
            ends += fragment(id, of: message, message.count - 1..<message.count)
        }
        #expect(ends.count < 1_160)
        let before = peer.node.knownStates.first { $0.state.id == intruder.keys.id }
        #expect(before == nil)
        give(intruder.packet(ends), from: address, to: peer, in: pipe)
        let after = peer.node.knownStates.first { $0.state.id == intruder.keys.id }
        #expect(after?.state.sequence == 1_200)
    }
}
