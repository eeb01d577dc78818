import Identity
import MeshNode
import Primitives
import Sessions
import Testing
import Wire

/// A stranger's end of one session, written from Protocol.md alone.
struct Intruder {
    let keys: NodeKeys
    let record: NodeRecord
    private let key: SealingKey
    private let index: UInt32
    private var counter: UInt64 = 0

    /// Speaks to the node until the session stands.
    init(
        _ address: PeerAddress, meeting peer: Peer, in pipe: Pipe, number: UInt64 = 0
    ) throws {
        keys = NodeKeys.seeded(4_000 + number, suite: .simulated)
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
func give(
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
