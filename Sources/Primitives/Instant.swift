/// A moment on one node's monotonic clock, in nanoseconds since an arbitrary origin.
///
/// Instants of two nodes can't be compared. Cores never read a clock: an `Instant` is an argument.
public struct Instant: Hashable, Comparable, Sendable {
    public var nanoseconds: UInt64

    @inline(always)
    public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    public static let origin = Instant(nanoseconds: 0)
    /// Later than every moment that a clock shows.
    public static let never = Instant(nanoseconds: .max)

    @inline(always)
    public static func < (left: Instant, right: Instant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// The moment that is `interval` later; `never` stays `never`.
    @inline(always)
    public static func + (left: Instant, right: Interval) -> Instant {
        let (sum, overflow) = left.nanoseconds.addingReportingOverflow(right.nanoseconds)
        return overflow ? .never : Instant(nanoseconds: sum)
    }

    /// The time from `earlier` to this moment; zero where `earlier` is later.
    @inline(always)
    public func since(_ earlier: Instant) -> Interval {
        Interval(
            nanoseconds: nanoseconds > earlier.nanoseconds ? nanoseconds - earlier.nanoseconds : 0)
    }
}

/// A length of time, in nanoseconds; never negative.
public struct Interval: Hashable, Comparable, Sendable {
    public var nanoseconds: UInt64

    @inline(always)
    public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    public static let zero = Interval(nanoseconds: 0)

    public static func nanoseconds(_ count: Int) -> Interval {
        Interval(nanoseconds: UInt64(count))
    }
    public static func microseconds(_ count: Int) -> Interval {
        Interval(nanoseconds: UInt64(count) * 1_000)
    }
    public static func milliseconds(_ count: Int) -> Interval {
        Interval(nanoseconds: UInt64(count) * 1_000_000)
    }
    public static func seconds(_ count: Int) -> Interval {
        Interval(nanoseconds: UInt64(count) * 1_000_000_000)
    }
    public static func minutes(_ count: Int) -> Interval { .seconds(count * 60) }
    public static func hours(_ count: Int) -> Interval { .seconds(count * 3_600) }

    public var microseconds: UInt64 { nanoseconds / 1_000 }
    public var milliseconds: UInt64 { nanoseconds / 1_000_000 }
    /// For printing and for estimates only: protocol decisions stay in integers.
    public var seconds: Double { Double(nanoseconds) / 1e9 }

    @inline(always)
    public static func < (left: Interval, right: Interval) -> Bool {
        left.nanoseconds < right.nanoseconds
    }
    public static func + (left: Interval, right: Interval) -> Interval {
        let (sum, overflow) = left.nanoseconds.addingReportingOverflow(right.nanoseconds)
        return Interval(nanoseconds: overflow ? .max : sum)
    }
    /// Saturates at zero.
    public static func - (left: Interval, right: Interval) -> Interval {
        Interval(
            nanoseconds: left.nanoseconds > right.nanoseconds
                ? left.nanoseconds - right.nanoseconds : 0)
    }
    public static func * (left: Interval, right: Int) -> Interval {
        let (product, overflow) = left.nanoseconds.multipliedReportingOverflow(by: UInt64(right))
        return Interval(nanoseconds: overflow ? .max : product)
    }
    public static func / (left: Interval, right: Int) -> Interval {
        Interval(nanoseconds: left.nanoseconds / UInt64(right))
    }
}
