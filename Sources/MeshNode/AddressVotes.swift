internal import Primitives

/// What peers say of our address. One that enough of them agree on goes into our record
/// (Protocol.md, "Own address"); a single liar moves nothing, nor do many in one network, and
/// nobody moves it often.
struct AddressVotes: Sendable {
    private struct Vote: Sendable {
        var address: PeerAddress
        /// Where the voter is.
        var origin: PeerAddress
        var at: Instant
    }

    private var votes = OrderedTable<NodeID, Vote>()
    private var restsUntil = Instant.origin

    /// The last word of each peer counts; at the limit the oldest vote makes room.
    mutating func add(
        _ address: PeerAddress, by voter: NodeID, from origin: PeerAddress, at now: Instant
    ) {
        guard !address.isUnspecified else { return }
        if votes[voter] == nil, votes.count >= Limits.addressVoteCount {
            let oldest = votes.values.reduce(Instant.never) { min($0, $1.at) }
            votes.removeAll { $1.at == oldest }
        }
        votes[voter] = Vote(address: address, origin: origin, at: now)
    }

    /// An address that enough agree on, whose votes are used up by it; none so soon after another.
    mutating func takeAgreed(at now: Instant) -> PeerAddress? {
        guard restsUntil <= now,
            let address = votes.values.map(\.address).first(where: isAgreed)
        else { return nil }
        votes.removeAll { $1.address == address }
        restsUntil = now + Limits.addressRest
        return address
    }

    /// One owner may have all of a public network (libp2p counts observers likewise); in private
    /// ones peers are told apart by their ids alone.
    private func isAgreed(_ address: PeerAddress) -> Bool {
        let origins = votes.values.filter { $0.address == address }.map(\.origin)
        let networks = Set(origins.filter { !$0.isPrivate }.map(\.prefix))
        let count = networks.count + origins.count { $0.isPrivate }
        return count >= Limits.addressAgreementCount
    }
}
