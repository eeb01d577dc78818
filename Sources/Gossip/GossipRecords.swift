import Identity
import Primitives

/// Records of anybody that this node has reason to remember.
extension GossipCore {
    /// Remembers a record whose signature and work hold; false where they do not. An older one than
    /// is known is looked at all the same: it goes on beside the state that it came with.
    mutating func adopt(_ record: NodeRecord) -> Bool {
        let old = records[record.id]
        if let old, old == record { return true }
        counters.signaturesChecked += 1
        guard record.isAuthentic(suite: keys.suite, puzzleBitCount: puzzleBitCount) else {
            counters.forged += 1
            return false
        }
        if let old, record.sequence <= old.sequence { return true }
        if records[record.id] == nil, records.count >= Limits.gossipRecordCount { forgetRecord() }
        records[record.id] = record
        return true
    }

    /// Makes room in the records: from a random place on, the first that nothing else refers to.
    private mutating func forgetRecord() {
        let start = random.below(records.count)
        for offset in 0..<records.count {
            let peer = records.keys[(start + offset) % records.count]
            let isNeeded =
                active.contains(peer) || passive.contains(peer) || contacts.contains(peer)
                || known.contains(peer)
            if !isNeeded {
                records.remove(peer)
                return
            }
        }
        records.remove(records.keys[start])
    }
}
