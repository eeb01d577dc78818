public import Primitives

/// How patient a node is, and what it takes a move to be worth (Protocol.md, "Placement").
public struct PlacementSettings: Sendable {
    // MARK: taking turns

    /// A node waits this long by chance before it first chooses, so that starters take turns.
    public var waitLowest = Interval.milliseconds(200)
    public var waitHighest = Interval.milliseconds(1_200)
    /// A node that knows nobody yet waits this much longer, once.
    public var lonelyWait = Interval.milliseconds(500)
    /// While layers lack any holder, every node looks again after a time in these bounds.
    public var checkLowest = Interval.milliseconds(400)
    public var checkHighest = Interval.milliseconds(800)
    /// And else, with a tenth of jitter.
    public var calmCheckInterval = Interval.seconds(5)
    /// Of those who could move, the highest id moves first; each next one waits this much more.
    public var rankDelay = Interval.milliseconds(250)
    public var rankLimit = 8
    /// An eighth of a move's price is waited too, so that whom it costs least moves first.
    public var priceDelayLimit = Interval.seconds(2)
    /// A plan to drop layers is announced this long before anything is dropped: more than twice
    /// the time that gossip takes. The first is for layers without holder.
    public var urgentNotice = Interval.seconds(1)
    public var notice = Interval.seconds(3)
    /// A choice rests this long before it is changed for anything but a layer without holder; for
    /// another model's sake; and for speed alone.
    public var restTime = Interval.seconds(4)
    public var tradeRestTime = Interval.seconds(30)
    public var speedRestTime = Interval.seconds(60)
    /// In a neighbourhood without room for all layers: time to hear of holders far away.
    public var farRestTime = Interval.seconds(15)
    /// Layers without holder that no single move helps are packed anew after this long.
    public var stuckTime = Interval.milliseconds(2_500)
    /// After a failed load: doubled up to the limit.
    public var retryTime = Interval.seconds(2)
    public var retryLimit = Interval.seconds(60)

    // MARK: worth and price

    /// Holders of each layer that a model keeps though nobody asks for it.
    public var holderMinimum = 2
    /// One holder more for each so many tenths of requests served at once.
    public var demandPerHolder = 20
    /// More holders than this are worth nothing, whatever the demand.
    public var holderLimit = 8
    /// What somebody waits for a layer that was lost, beside the time to load it.
    public var outagePrice = Interval.seconds(30)
    /// What each request under way loses when its stage moves off: its cache is made anew.
    public var requestPrice = Interval.seconds(10)
    /// How fast pieces come from the disk and from peers, for prices.
    public var loadBytesPerSecond = 500_000_000
    public var fetchBytesPerSecond = 12_500_000
    /// Assumed where a layer's time is unknown.
    public var unknownLayerMicroseconds = 1_000

    public init() {}
}
