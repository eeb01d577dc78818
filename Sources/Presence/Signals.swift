/// What the sensors read of one machine at one moment. What can't be read is nil, and keeps nobody
/// from working.
public struct Signals: Hashable, Sendable {
    /// Processor time of all cores that went to other people's foreground work, in percent.
    public var foreignLoadPercent: Int?
    /// Since somebody last typed or moved a pointer.
    public var userIdleSeconds: Int?
    public var batteryPercent: Int?
    /// Whether the machine is fed from outside: the battery charges, is full, or the mains is on.
    public var isCharging: Bool?
    public var batteryCelsius: Int?
    /// The hottest thermal zone.
    public var zoneCelsius: Int?
    /// Whether the line that leads to the world is paid by volume.
    public var isMetered: Bool?
    /// Sent and received today.
    public var trafficByteCount: UInt64?
    /// Local time: 0 is midnight.
    public var minuteOfDay: Int?
    public var isMoving: Bool?
    /// Present while the owner has paused the node.
    public var pause: Pause?

    public init() {}
}

/// How long an owner wants to be left alone.
public enum Pause: Hashable, Sendable {
    case untilResumed
    case secondsLeft(Int)
}
