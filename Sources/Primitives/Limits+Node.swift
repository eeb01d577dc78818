/// Limits of the composite and of the shell around it.
extension Limits {
    // MARK: the node

    /// Effects one input can leave behind; overflowing is our fault and traps.
    public static let nodeEffectCount = 4_096
    /// Records of nodes met on the way; the oldest makes room.
    public static let recordBookCount = 256
    /// First contacts that are asked again and again; more are ignored.
    public static let bootstrapContactCount = 64
    /// A silent first contact is asked no more rarely than this.
    public static let bootstrapIntervalMaximum = Interval.seconds(30)
    /// How often a node that has peers asks each of its first contacts.
    public static let bootstrapRestInterval = Interval.minutes(5)
    /// Voters on our own address that are remembered, how many must agree, and how long an address
    /// that they gave us is the newest at least.
    public static let addressVoteCount = 32
    public static let addressAgreementCount = 3
    public static let addressRest = Interval.minutes(1)
    /// Records kept on disk to begin with after a restart, and how often they are written.
    public static let seedCount = 64
    public static let seedInterval = Interval.seconds(30)
    /// And for the first time so soon: who is started anew may have no other way back in.
    public static let seedWait = Interval.seconds(5)
    /// How long changes of the neighbourhood are gathered before placement looks at them, unless
    /// it is about to choose.
    public static let placementGatherTime = Interval.milliseconds(100)
    /// Session round trips are fed to the coordinate this often.
    public static let roundTripSampleInterval = Interval.seconds(2)
    /// Ads are put into the DHT again this often, and forgotten there after their lifetime.
    public static let adPublishInterval = Interval.minutes(2)
    public static let meteredAdPublishInterval = Interval.minutes(8)
    /// How long after new layers are ready: by then a newcomer knows its neighbourhood.
    public static let adGatherTime = Interval.seconds(3)
    /// Of a layer's holders in the whole swarm, those that publish at a time.
    public static let advertisersPerLayer = 16
    public static let adLifetimeSeconds: UInt32 = 600
    /// Holders named by the DHT that are remembered; more are ignored until some expire.
    public static let adHolderCount = 512
    /// Peers asked for one piece at a time.
    public static let pieceSourceCount = 8
    /// Peers asked for one manifest at a time, and how long until the next are asked.
    public static let manifestAskCount = 16
    public static let manifestSearchInterval = Interval.seconds(1)
    /// While layers are missing, the DHT is asked this often for so many blocks of them.
    public static let holderSearchInterval = Interval.milliseconds(500)
    public static let holderSearchCount = 8
    /// While the holders of a running request's layers are lost, one node more is asked this often
    /// to hold them, and those asked before how they stand; at most so many nodes.
    public static let wantedLayersInterval = Interval.milliseconds(200)
    public static let wantedLayersAskCount = 8
    /// A node that is asked heeds that once in so long, asks so many of the holders it believes in
    /// whether they live, and looks at its layers after this moment.
    public static let wantedLayersRest = Interval.seconds(1)
    public static let wantedLayersHolderCount = 16
    public static let doubtAnswerTime = Interval.milliseconds(60)
    /// When a step is overdue, so many nodes that could take a stage's place, and so many in all,
    /// are asked whether they live, at most this often; who was silent for so long is not chosen.
    public static let spareAskCount = 3
    public static let spareAskCountOfAll = 16
    public static let spareAskInterval = Interval.seconds(2)
    public static let spareAnswerTime = Interval.milliseconds(300)
    /// Nodes that were silent when they were asked count as gone for so long, or until they are
    /// heard of; then gossip has forgotten them. More are not remembered.
    public static let doubtTime = Interval.seconds(10)
    public static let doubtCount = 64
    /// Holders of one block of layers that such a search ends with: one layer each may be all that
    /// they hold.
    public static let holderAdCount = 64
    /// Where a neighbourhood has no room for a model, the DHT is asked this often who holds what
    /// nobody near does, and such a holder counts while its ad is not older than this.
    public static let farQuestionInterval = Interval.seconds(5)
    public static let farAdAge = Interval.seconds(150)
    /// Peers a visitor asks for the states they know, and how often it asks one while it has a
    /// request: what it knows is forgotten otherwise.
    public static let stateAskCount = 3
    public static let visitorRefreshInterval = Interval.milliseconds(2_500)
    /// Losses of stages without a step between them, after which a request fails.
    public static let mendCount = 64
    /// A node that a request lost or that refused it is left out of its chain for so long.
    public static let lostNodeRest = Interval.seconds(5)
    public static let refusedNodeRest = Interval.milliseconds(500)
    /// Requests one node serves at once as their entry; more end at once.
    public static let entryRequestCount = 64
    /// What a round trip is taken for before anything is known of it.
    public static let unknownRoundTripMicroseconds = 50_000

    // MARK: runtime

    /// Of a day's bytes, what pieces leave to everything else.
    public static let pieceBudgetReserve = 1 << 20

    /// Answers of the compute and disk threads that wait for the loop. A node that is so far
    /// behind loses them, and requests end by their deadlines.
    public static let loopAnswerCount = 4_096
    /// Batches received in a row before timers have their turn.
    public static let datagramBatchesPerTurn = 4
    /// What all KV caches together may take where the owner says nothing.
    public static let cacheByteCountDefault = 1 << 30
    /// For so long, the pages of a request that has ended are kept for the next one of its entry
    /// where the owner says nothing; for a day at most, and no more pages.
    public static let cacheKeepTimeDefault = Interval.seconds(600)
    public static let cacheKeepSecondsMaximum = 86_400
    public static let keptPageCount = 16_384
    /// Entries, by model and layers, of which a stage knows that it keeps pages; with one more it
    /// begins anew, and rows come that need not have come.
    public static let keptEntryCount = 1_024
    /// Of the name by which somebody prompts.
    public static let prompterNameByteCount = 64
    /// Rows of one batch at a stage: those of short steps first; long ones go in chunks that fill
    /// the batch up to the second number, and have at least the third. What is left waits.
    public static let batchRowCount = 96
    public static let batchFillRowCount = 72
    public static let batchChunkRowCount = 16
    /// A step of so many rows at most is short: decoding, with what was drafted ahead.
    public static let shortStepRowCount = 16
    /// Batches that a step watches others go before it; then it leads the next.
    public static let batchPatienceCount = 4
    /// Fewer cohorts of requests are taken up to this part more of a round's time.
    public static let freeRowDivisor = 8
    /// Batches of a size that are measured before anybody relies on their time.
    public static let batchTimeSampleCount = 8
    /// What a batch is said to take rises by this part of it with every one that takes longer.
    public static let batchTimeRiseDivisor = 32
    /// Batches after which nobody relies on how long one of another size took.
    public static let batchTimeMemoryCount = 4_096
    /// Groups of layers that a stage knows such times of; at more it begins anew.
    public static let cohortGroupCount = 64
    /// The rest of a cohort is waited for this part of a batch's time, and so long.
    public static let cohortPauseDivisor = 16
    public static let cohortPauseLowest = Interval.microseconds(500)
    public static let cohortPauseHighest = Interval.milliseconds(5)
    /// Steps are held back so long at most, so that more run together, and after so many batches
    /// for the next time: the first number where it lasted, up to the second where it did not.
    public static let holdTime = Interval.milliseconds(200)
    public static let holdRestLowestCount = 8
    public static let holdRestHighestCount = 256
    /// Positions that a stage makes caches for; longer requests are refused.
    public static let cachePositionCount = 32_768
    /// How long a prompt waits for its stages' accounts after its last token.
    public static let accountPatience = Interval.milliseconds(250)
    /// Nodes that `bored health` measures the way to, and how long it waits for that.
    public static let healthReachCount = 64
    public static let healthReachTime = Interval.seconds(1)
    /// Nodes that `bored health --all` counts, asks at once, waits for each, and its time in all.
    public static let surveyNodeCount = 4_096
    public static let surveyAskCount = 32
    public static let surveyAnswerTime = Interval.seconds(3)
    public static let surveyTime = Interval.seconds(60)
    /// How long a leaving node waits for its farewells to be acknowledged.
    public static let leaveTime = Interval.milliseconds(150)

    /// Datagrams of one system call; more wait in the kernel for the next.
    public static let datagramBatchCount = 64
    /// Datagrams, or groups of datagrams of one sender, that one system call takes in.
    public static let datagramGroupCount = 16
    /// What the kernel is asked to hold for a socket each way; it drops beyond that.
    public static let socketBufferByteCount = 4 * 1_024 * 1_024
    /// Addresses taken of one name or one machine; the rest are left out.
    public static let resolvedAddressCount = 64
    /// Threads of a crew with its caller; more are not started.
    public static let crewMemberCount = 64
    /// Looks before a member or the caller sleeps: some tens of microseconds, the time between two
    /// products of one layer.
    public static let crewSpinCount = 1_000
    /// Waiting for a crew's last part that is a stall: a core was taken away.
    public static let crewStallTime = Interval.microseconds(300)
    /// Saved time that a crew remembers: what stalls in a row may cost before a member rests.
    public static let crewCredit = Interval.milliseconds(5)
    /// How long a member rests that was waited for longer than it saved: at first, and at most.
    public static let crewRestMinimum = Interval.milliseconds(20)
    public static let crewRestMaximum = Interval.seconds(2)
    /// Kinds of jobs of which a crew remembers what they take its caller alone: more than the
    /// products, attention and row loops of a layer; one that has no room takes another's.
    public static let crewAloneTimeCount = 64
    /// Jobs that wait for the compute thread; more are refused.
    public static let computeJobCount = 256
    /// Jobs beyond those that must not be refused: each frees what an accepted one took.
    public static let requiredJobCount = 1_024
    /// Peers kept on disk for the next start; the first ones given are kept.
    public static let keptPeerCount = 64
    /// Looks before the compute thread sleeps: a step usually comes in long after the last.
    public static let computeSpinCount = 100
}
