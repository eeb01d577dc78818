import Glibc

/// A moment of the wall clock in the owner's time zone.
struct WallTime {
    /// Since 1970, as every clock of the world counts.
    var seconds: UInt64
    /// Local days since 1970.
    var day: Int
    var minuteOfDay: Int

    static func now() -> WallTime {
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
