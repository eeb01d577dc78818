import CLinux
public import Primitives

/// The machine's clocks: the only place where time comes from.
public enum SystemClock {
    /// The clock since the machine's start: no setting moves it, and it goes on through sleep.
    public static func now() -> Instant {
        Instant(nanoseconds: bored_monotonic_nanoseconds())
    }

    /// Seconds since 1970 by the wall clock: for sequences that outlive a process, and for people.
    public static func wallSeconds() -> UInt64 { UInt64(max(0, bored_wall_seconds())) }
}

/// The machine's entropy: the only place where chance comes from.
public enum SystemEntropy {
    /// `count` bytes from getrandom(2), which can't fail once a machine has started.
    public static func bytes(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        // The count is passed beside the array.
        let status = unsafe bored_entropy(&bytes, CInt(count))
        guard status == CInt(count) else { fatalError("getrandom: errno \(-status)") }
        return bytes
    }

    public static func seed() -> UInt64 {
        bytes(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
