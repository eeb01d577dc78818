internal import Primitives

/// What peers say of our address. One that enough of them agree on goes into our record
/// (Protocol.md, "Own address"); a single liar moves nothing.
struct AddressVotes: Sendable {
    private var votes = OrderedTable<NodeID, PeerAddress>()

    /// Counts a vote; true when `address` has just been agreed on.
    mutating func count(_ address: PeerAddress, by voter: NodeID) -> Bool {
        guard !address.isUnspecified, votes[voter] != address else { return false }
        if votes.count >= Limits.addressVoteCount, let oldest = votes.keys.first {
            votes[oldest] = nil
        }
        votes[voter] = address
        return votes.values.count { $0 == address } == Limits.addressAgreementCount
    }
}
