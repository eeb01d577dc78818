internal import Identity
internal import Primitives

/// Credit that time earns and messages spend: bursts up to a limit, then a steady rate.
struct Meter: Sendable {
    private let cost: Interval
    private let limit: Interval
    private var credit: Interval
    private var lastAt: Instant

    init(burst: Int, each cost: Interval, at now: Instant) {
        self.cost = cost
        limit = cost * burst
        credit = limit
        lastAt = now
    }

    /// True where the credit sufficed; then it is spent.
    mutating func take(at now: Instant) -> Bool {
        earn(at: now)
        guard credit >= cost else { return false }
        credit = credit - cost
        return true
    }

    /// The first moment at which `take` succeeds.
    mutating func nextAt(_ now: Instant) -> Instant {
        earn(at: now)
        return now + (cost - credit)
    }

    var usedAt: Instant { lastAt }

    private mutating func earn(at now: Instant) {
        credit = min(limit, credit + now.since(lastAt))
        lastAt = max(lastAt, now)
    }
}

/// Where the probing of one link stands (SWIM section 3.1, with a suspicion that stays private).
enum ProbeStage: Sendable {
    case idle
    case waiting(number: UInt32, sentAt: Instant, until: Instant)
    case indirect(number: UInt32, until: Instant, helperCount: Int, nackCount: Int)
    case suspect(number: UInt32, until: Instant)

    var until: Instant {
        switch self {
        case .idle: .never
        case .waiting(_, _, let until), .indirect(_, let until, _, _), .suspect(_, let until): until
        }
    }
}

/// One member of the active view.
struct Link: Sendable {
    let since: Instant
    var lastHeard: Instant
    var nextProbeAt = Instant.origin
    var stage = ProbeStage.idle
    var indirectRounds = 0
    /// Where the digest's walk over far states stands, and when the last digest was sent.
    var digestCursor = 0
    var digestAt = Instant.origin
    var smoothed: Interval?
    var deviation = Interval.zero

    init(at now: Instant) {
        since = now
        lastHeard = now
    }

    /// RFC 6298 section 2.
    mutating func measured(_ roundTrip: Interval) {
        guard let old = smoothed else {
            smoothed = roundTrip
            deviation = roundTrip / 2
            return
        }
        let difference = old > roundTrip ? old - roundTrip : roundTrip - old
        deviation = (deviation * 3 + difference) / 4
        smoothed = (old * 7 + roundTrip) / 8
    }
}

/// A first contact, kept for the hour in which all links are gone.
struct Contact: Sendable {
    var nextTryAt: Instant
    var wait: Interval
}

/// An answer that this node waits for: the states that came so far, and when its place is free.
struct StateQuestion: Sendable {
    var stateCount = 0
    var until: Instant
}

/// A probe made because another node asked.
struct Relay: Sendable {
    let asker: NodeID
    let askerNumber: UInt32
    let target: NodeID
    let until: Instant
}

/// A node that left: its last sequence, remembered so that no echo of it comes back.
struct Departure: Sendable {
    let sequence: UInt64
    let until: Instant
}

/// The time since somebody was heard, in one byte, rounded up: 0 to 127 tenths of a second, then
/// whole seconds, from 128 for 13 to 254 for 139; 255 is more than that.
enum Age {
    static func byte(of time: Interval) -> UInt8 {
        let tenths = (time.milliseconds + 99) / 100
        if tenths <= 127 { return UInt8(tenths) }
        return UInt8(min(255, (tenths + 9) / 10 + 115))
    }

    static func interval(of byte: UInt8) -> Interval {
        if byte <= 127 { return .milliseconds(Int(byte) * 100) }
        return byte == 255 ? .hours(1) : .seconds(Int(byte) - 115)
    }
}

/// When each of the slow duties is due.
struct Schedule: Sendable {
    /// The gaps that grow while nothing happens; nil before the first.
    var promoteGap: Interval?
    var shuffleGap: Interval?
    var reachOutGap: Interval?
    var refreshGap: Interval?
    var sweepAt = Instant.origin
    var promoteAt = Instant.origin
    /// Not before this; looked at when `promoteAt` comes.
    var bridgeAt = Instant.origin
    var shuffleAt = Instant.origin
    var reachOutAt = Instant.origin
    var optimiseAt = Instant.origin
    var refreshAt = Instant.origin
    var pushAt = Instant.never
    var passOnAt = Instant.never

    var next: Instant {
        min(
            min(min(sweepAt, promoteAt), min(shuffleAt, reachOutAt)),
            min(min(optimiseAt, passOnAt), min(refreshAt, pushAt)))
    }

    /// Something was lost: look around as often as in the beginning.
    mutating func hasten(at now: Instant, by settings: GossipSettings) {
        shuffleGap = nil
        reachOutGap = nil
        shuffleAt = min(shuffleAt, now + settings.shuffleInterval)
        reachOutAt = min(reachOutAt, now + settings.reachOutInterval)
    }

    mutating func postpone(by late: Interval) {
        sweepAt = sweepAt + late
        promoteAt = promoteAt + late
        shuffleAt = shuffleAt + late
        reachOutAt = reachOutAt + late
        optimiseAt = optimiseAt + late
        refreshAt = refreshAt + late
    }
}

/// Peers marked until a moment: a bounded table where the mark that ends first makes room.
struct Marks<Key: Comparable & Sendable>: Sendable {
    private var table = OrderedTable<Key, Instant>()
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    var count: Int { table.count }
    var marked: [Key] { table.keys }

    func contains(_ key: Key, at now: Instant) -> Bool {
        guard let until = table[key] else { return false }
        return now < until
    }

    mutating func mark(_ key: Key, until: Instant) {
        if !table.contains(key), table.count >= limit {
            var first = 0
            for index in table.values.indices where table.values[index] < table.values[first] {
                first = index
            }
            table.remove(table.keys[first])
        }
        table[key] = until
    }

    @discardableResult
    mutating func unmark(_ key: Key) -> Bool { table.remove(key) != nil }

    /// Forgets what has ended, and says what that was.
    mutating func expire(at now: Instant) -> [Key] {
        let ended = table.keys.filter { !contains($0, at: now) }
        if !ended.isEmpty { table.removeAll { _, until in until <= now } }
        return ended
    }
}
