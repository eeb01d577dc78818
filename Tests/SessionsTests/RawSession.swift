import Identity
import Primitives
import Sessions

/// One end of handshakes and sessions written from Protocol.md alone, so that a test can send
/// whatever it likes under keys that are right.
struct RawSession {
    struct Keys {
        /// What the other writes in front of its packets, and what this end does.
        var localIndex: UInt32
        var remoteIndex: UInt32
        var sendKey: SealingKey
        var receiveKey: SealingKey
    }

    let keys: NodeKeys
    let swarm: SwarmKey
    var record: NodeRecord
    private(set) var current: Keys?
    private var entropy: EntropyStream
    private var handshake: (noise: NoiseIK, index: UInt32)?

    init(keys: NodeKeys, record: NodeRecord, swarm: SwarmKey, seed: UInt64) {
        (self.keys, self.record, self.swarm) = (keys, record, swarm)
        var random = SeededRandom(seed: seed)
        entropy = EntropyStream(seed: Bytes32(random: &random))
    }

    private func prologue(_ responder: NodeID) -> [UInt8] {
        Array("BoredMesh".utf8) + [1] + swarm.digest.bytes + responder.bytes
    }

    static func header(_ kind: UInt8) -> ByteWriter {
        var writer = ByteWriter(reserving: Limits.datagramByteCount)
        writer.write([kind, 1, 0, 0])
        return writer
    }

    /// A first packet to somebody; the counter must rise, or the record's sequence must.
    mutating func initiation(to other: NodeRecord, counter: UInt64, continued: UInt32) -> [UInt8]? {
        let index = entropy.nextUInt32() | 1
        var noise = NoiseIK(
            initiating: other.agreementKey, staticSecret: keys.agreementSecret,
            staticKey: keys.agreementKey, ephemeralSecret: entropy.next32(),
            prologue: prologue(other.id), suite: keys.suite)
        var payload = ByteWriter()
        payload.write(counter)
        payload.write(continued)
        payload.write(record)
        payload.write([UInt8](repeating: 0, count: 376 - payload.count))
        guard let message = noise.writeInitiation(payload.bytes) else { return nil }
        var writer = Self.header(1)
        writer.write(index)
        writer.write(message)
        let macKey = Digest.of(
            swarm.digest.bytes + other.agreementKey.bytes, for: .handshakeMAC)
        writer.write(keyedHash16(key: macKey.bytes, writer.bytes))
        writer.write([UInt8](repeating: 0, count: 16))
        handshake = (noise, index)
        return writer.bytes
    }

    /// Takes the answer to the last initiation; true where the keys are there.
    mutating func takeResponse(_ bytes: [UInt8]) -> Bool {
        guard bytes.count > 60, bytes[0] == 2, let (noise, index) = handshake else { return false }
        var answer = noise
        var reader = ByteReader(bytes[4..<12])
        guard let remote = try? reader.readUInt32(), (try? reader.readUInt32()) == index,
            answer.readResponse(Array(bytes[12...])) != nil
        else { return false }
        let (initiator, responder) = answer.split()
        current = Keys(
            localIndex: index, remoteIndex: remote, sendKey: initiator, receiveKey: responder)
        handshake = nil
        return true
    }

    /// Answers somebody's initiation.
    mutating func response(
        to bytes: [UInt8], from address: PeerAddress, continues: Bool
    ) -> [UInt8]? {
        guard bytes.count == 512, bytes[0] == 1 else { return nil }
        var reader = ByteReader(bytes[4..<8])
        guard let remote = try? reader.readUInt32() else { return nil }
        var noise = NoiseIK(
            respondingWith: keys.agreementSecret, staticKey: keys.agreementKey,
            ephemeralSecret: entropy.next32(), prologue: prologue(keys.id), suite: keys.suite)
        guard noise.readInitiation(Array(bytes[8..<480])) != nil else { return nil }
        var payload = ByteWriter()
        payload.write(UInt8(continues ? 1 : 0))
        payload.write(address)
        payload.write(record)
        guard let message = noise.writeResponse(payload.bytes) else { return nil }
        let index = entropy.nextUInt32() | 1
        var writer = Self.header(2)
        writer.write(index)
        writer.write(remote)
        writer.write(message)
        let (initiator, responder) = noise.split()
        current = Keys(
            localIndex: index, remoteIndex: remote, sendKey: responder, receiveKey: initiator)
        return writer.bytes
    }

    /// The other end closed the session.
    mutating func forget() { current = nil }

    /// A data packet.
    func packet(_ frames: [UInt8], counter: UInt64) -> [UInt8]? {
        guard let current else { return nil }
        var writer = Self.header(4)
        writer.write(current.remoteIndex)
        writer.write(counter)
        let header = writer.bytes
        return header
            + Sealing.seal(
                frames, authenticating: header, key: current.sendKey, counter: counter)
    }

    /// The counter and the frames of a data packet of the other end.
    func open(_ bytes: [UInt8]) -> (counter: UInt64, frames: [UInt8])? {
        guard let current, bytes.count > 32, bytes[0] == 4 else { return nil }
        var reader = ByteReader(bytes[4..<16])
        guard (try? reader.readUInt32()) == current.localIndex,
            let counter = try? reader.readUInt64(),
            let frames = Sealing.open(
                Array(bytes[16...]), authenticating: Array(bytes[..<16]), key: current.receiveKey,
                counter: counter)
        else { return nil }
        return (counter, frames)
    }
}
