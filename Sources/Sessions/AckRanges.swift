/// Packet numbers that arrived, as ranges, highest first: what an ack frame tells.
struct AckRanges {
    private(set) var ranges: [ClosedRange<UInt64>] = []

    /// Adds a number that the replay window let pass; false where it left or closed a gap, which
    /// the sender should hear of at once (RFC 9000 section 13.2.1).
    mutating func add(_ number: UInt64) -> Bool {
        guard let first = ranges.first else {
            ranges.append(number...number)
            return number == 0
        }
        if number == first.upperBound + 1 {
            ranges[0] = first.lowerBound...number
            return true
        }
        var index = 0
        while index < ranges.count, ranges[index].lowerBound > number { index += 1 }
        // `index` is the first range that does not lie above the number.
        if index < ranges.count, ranges[index].contains(number) { return true }
        let joinsLower = index < ranges.count && ranges[index].upperBound + 1 == number
        let joinsUpper = index > 0 && ranges[index - 1].lowerBound == number + 1
        switch (joinsLower, joinsUpper) {
        case (true, true):
            ranges[index - 1] = ranges[index].lowerBound...ranges[index - 1].upperBound
            ranges.remove(at: index)
        case (true, false): ranges[index] = ranges[index].lowerBound...number
        case (false, true): ranges[index - 1] = number...ranges[index - 1].upperBound
        case (false, false):
            if ranges.count == Protocol.ackRangeCount { ranges.removeLast() }
            ranges.insert(number...number, at: min(index, ranges.count))
        }
        return false
    }
}
