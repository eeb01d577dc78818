import Identity
import MeshNode
import Primitives
import Testing
import Wire

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
