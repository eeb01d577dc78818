/// Limits of what a node does for its owner's sake.
extension Limits {
    /// After the owner came back a node begins no step any more after this time, abandons the one
    /// that runs a little later, and keeps no cache longer than this.
    public static let reclaimServeTime = Interval.milliseconds(90)
    public static let reclaimAbandonTime = Interval.milliseconds(120)
    public static let reclaimKeepTime = Interval.milliseconds(1_500)
    /// How long a node that is told to end hands its stages over before it goes.
    public static let leaveDrainTime = Interval.seconds(3)
    /// The machine is looked at this often while it works for others, and while it does not.
    public static let presenceLookInterval = Interval.milliseconds(100)
    public static let presenceLookIntervalAtRest = Interval.milliseconds(500)
    /// Power, warmth, line and terminals are looked at this often.
    public static let slowSensorInterval = Interval.seconds(2)
    /// Looks at the processor's time that are kept; the second oldest is forgotten.
    public static let loadSampleCount = 32
    /// A file in `/sys` or `/proc`; the rest of a longer one is not read.
    public static let sensorFileByteCount = 4_096
    /// A line of vehicle signals; a longer one is malformed, and ends the connection it came over.
    public static let signalLineByteCount = 4_096
    /// A file of vehicle signals; of a longer one the end is read.
    public static let signalFileByteCount = 65_536
    /// Clients of a node's Unix socket; more are turned away.
    public static let signalClientCount = 16
    /// What a node answers over it; a longer answer is not read to its end.
    public static let signalAnswerByteCount = 65_536
    /// Counters are kept for the owner's questions this often.
    public static let tallyInterval = Interval.milliseconds(250)
    /// The day's traffic is written down this often, where it has changed.
    public static let trafficKeepSeconds: UInt64 = 10
}
