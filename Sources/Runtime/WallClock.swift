import Glibc

/// A moment of the wall clock in the owner's time zone.
public struct WallTime: Hashable, Sendable {
    /// Since 1970, as every clock of the world counts.
    public var seconds: UInt64
    /// Local days since 1970.
    public var day: Int
    public var minuteOfDay: Int

    public init(seconds: UInt64, day: Int, minuteOfDay: Int) {
        self.seconds = seconds
        self.day = day
        self.minuteOfDay = minuteOfDay
    }

    public static func now() -> WallTime {
        var seconds = time(nil)
        var parts = unsafe tm()
        // Both structures are this function's own.
        unsafe localtime_r(&seconds, &parts)
        let local = unsafe seconds + parts.tm_gmtoff
        return WallTime(
            seconds: UInt64(max(0, seconds)), day: local / 86_400,
            minuteOfDay: unsafe min(1_439, Int(parts.tm_hour * 60 + parts.tm_min)))
    }
}
