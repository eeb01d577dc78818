import Identity
import MeshNode
import Primitives
import Testing
import Wire

/// What hostile peers say of a node's own address.
struct AddressVoteTests {
    private let pipe = Pipe()
    private let claims = (0..<20).map { PeerAddress(203, 0, 113, UInt8(1 + $0), port: 5) }

    private func meet(_ peer: Peer, from addresses: [PeerAddress]) throws -> [Intruder] {
        try addresses.enumerated().map { number, address in
            try Intruder(address, meeting: peer, in: pipe, number: UInt64(number))
        }
    }

    private func say(
        _ claim: PeerAddress, _ intruder: inout Intruder, from address: PeerAddress, to peer: Peer
    ) {
        var writer = ByteWriter()
        writer.write(UInt8(7))
        writer.write(claim)
        give(intruder.packet(writer.bytes), from: address, to: peer, in: pipe)
    }

    @Test func `three who agree on another address ten times a second move it once a minute`()
        throws
    {
        let peer = pipe.add(1, isSilentOnAddress: true)
        let addresses = (1...3).map { PeerAddress(10, 9, 9, UInt8($0), port: 9) }
        var intruders = try meet(peer, from: addresses)
        let before = peer.node.record.sequence
        for claim in claims {
            for (index, address) in addresses.enumerated() {
                say(claim, &intruders[index], from: address, to: peer)
            }
            pipe.run(for: .milliseconds(100))
        }
        #expect(peer.node.record.sequence == before + 1)
        #expect(peer.node.record.addresses == [claims[0]])
        // The last word counts in the end, once.
        pipe.run(for: .minutes(3))
        #expect(peer.node.record.sequence == before + 2)
        #expect(peer.node.record.addresses == [claims[19], claims[0]])
    }

    @Test func `of those in one public network one counts`() throws {
        let peer = pipe.add(1, isSilentOnAddress: true)
        let addresses =
            (1...5).map { PeerAddress(198, 51, 100, UInt8($0), port: 9) }
            + [PeerAddress(192, 0, 2, 1, port: 9), PeerAddress(8, 0, 0, 1, port: 9)]
        var intruders = try meet(peer, from: addresses)
        for (index, address) in addresses.enumerated() {
            #expect(peer.node.record.addresses.isEmpty)
            say(claims[0], &intruders[index], from: address, to: peer)
        }
        #expect(peer.node.record.addresses == [claims[0]])
    }
}
