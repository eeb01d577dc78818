/// Every limit of a node's protocols. Those of the node around them, of models and of presence
/// stand in files beside this one. What happens at a limit is said with it.
public enum Limits {
    // MARK: datagrams and mail

    /// UDP payload: what every path carries (RFC 9000 section 14). Longer ones are dropped.
    public static let datagramByteCount = 1_200
    /// Datagrams that one input can leave behind; sessions stop pumping when it is full.
    public static let outboxDatagramCount = 256
    /// Letters that one input can leave behind; overflowing is our fault and traps.
    public static let mailLetterCount = 1_024

    // MARK: identity

    /// A signed node record. Larger ones are refused.
    public static let recordByteCount = 320
    /// Addresses in a record.
    public static let recordAddressCount = 4
    /// Leading zero bits of the work behind a node id: a speed bump, 30 ms of one core.
    public static let puzzleBitCount = 16

    // MARK: vocabulary

    /// Models in one node's state.
    public static let modelsPerNode = 8
    /// Layers of one model; more are refused at import.
    public static let layerCount = 1_024
    /// A model's name, in UTF-8 bytes.
    public static let modelNameByteCount = 64
    /// A manifest. At 40 bytes a piece this allows every layer count above.
    public static let manifestByteCount = 128 * 1_024
    /// A chunk of a piece: the unit of transfer and of checking.
    public static let chunkByteCount = 256 * 1_024
    /// What an import makes, hashes and writes at a time: whole chunks, and whole pages.
    public static let importBlockByteCount = 16 * chunkByteCount
    /// Threads that hash what an import makes: that takes twice as long as making it.
    public static let importHashThreadCount = 3
    /// A signed state of a node: eight models held and eight pending fit.
    public static let stateByteCount = 896
    /// Requests served at once, in tenths, that a state may claim; more is malformed.
    public static let demandTenths = 1 << 20
    /// A signed ad.
    public static let adByteCount = 640

    // MARK: sessions

    /// One message; longer ones are refused by the sender and end a reassembly at the receiver.
    public static let messageByteCount = 4 * 1_024 * 1_024

    /// Sessions and handshakes of a node. At the limit the least recently used session with
    /// nothing to send is closed; where there is none the newcomer is refused.
    public static let sessionCount = 1_024
    /// Handshakes answered and not yet confirmed by the initiator. At the limit one older than a
    /// second gives way; where there is none the newcomer is not answered, and tries again.
    public static let unconfirmedHandshakeCount = 256
    /// Inquiries under way; more answer `silent` at once.
    public static let inquiryCount = 64
    /// Introductions in a second; inquiries above it are dropped.
    public static let introductionsPerSecond = 1_000
    /// Addresses whose handshake rate is watched under load; a newcomer takes another's place.
    public static let limiterCount = 1_024
    /// Bytes waiting or unacknowledged towards one peer; above it `send` says `full`.
    public static let queuedByteCount = 16 * 1_024 * 1_024
    /// Messages of one priority waiting towards one peer; above it `send` says `full`.
    public static let queuedMessageCount = 4_096
    /// Bytes of unfinished messages from one peer; fragments of more are not acknowledged.
    public static let reassemblyByteCount = 16 * 1_024 * 1_024
    /// The same for all peers together. At the limit the session with most of them is closed, where
    /// it has more than the newcomer would have.
    public static let reassemblyByteCountOfAll = 256 * 1_024 * 1_024
    /// Unfinished messages from one peer; fragments of more are not acknowledged.
    public static let reassemblyCount = 256
    /// Parts of one message that came apart from each other; a fragment that would be one more is
    /// not acknowledged.
    public static let reassemblyIslandCount = 256
    /// A congestion window stops growing here.
    public static let congestionWindowByteCount = 4 * 1_024 * 1_024

    // MARK: Kademlia

    /// Nodes in the two farthest buckets, then in each of the others; a full bucket keeps its
    /// nodes, and newcomers wait as replacements.
    public static let farBucketEntryCounts = [64, 32]
    public static let bucketEntryCount = 16
    /// Nodes that wait for a place in one bucket; more are not kept.
    public static let bucketReplacementCount = 10
    /// Nodes of one /24 or /48 in a bucket and in the table; more are refused.
    public static let bucketPrefixEntryCount = 2
    public static let tablePrefixEntryCount = 10
    /// Log-distances in one request, records and ads in one reply; one with more is malformed.
    public static let findDistanceCount = 3
    public static let findRecordCount = 16
    public static let findAdCount = 10
    /// Candidates of one lookup; the farthest are forgotten.
    public static let lookupCandidateCount = 64
    /// Fewer to begin with, and a lookup also asks nodes that failed a moment ago.
    public static let lookupSeedMinimum = 4
    /// Requests of one lookup; it ends with what it has.
    public static let lookupRequestCount = 128
    /// Lookups under way; the oldest that nobody waits for ends with what it has.
    public static let lookupCount = 32
    /// Topics being published at once, and waiting to be; more are reported as stored nowhere.
    public static let publicationCount = 4
    /// Topics whose keepers are remembered; the oldest finding is forgotten.
    public static let keeperTopicCount = 64
    /// A bucket of fewer nodes is filled when the node joins, until so many strangers were asked
    /// for it, each of whom cost a handshake. Later buckets fill by themselves.
    public static let bareBucketEntryCount = 4
    public static let joinStrangerCount = 64
    public static let waitingPublicationCount = 512
    /// Records known but unproven; older ones are forgotten, in two generations of this size.
    public static let candidateRecordCount = 512
    /// Sessions that the room knows of; the requests of more are dropped.
    public static let kademliaPeerCount = 4_096
    /// Requests of one peer a second, and at once; more are dropped.
    public static let kademliaRequestsPerSecond = 64
    public static let kademliaRequestBurst = 256
    /// Ads kept for others: in all, under one topic, of one holder; more are refused.
    public static let storedAdCount = 1_000
    public static let storedAdsPerTopic = 128
    public static let storedAdsPerHolder = 128
    /// Events one input can leave behind; overflowing is our fault and traps.
    public static let kademliaEventCount = 1_024
    /// Finished lookups whose density is remembered; the oldest is forgotten.
    public static let densitySampleCount = 64

    // MARK: gossip

    /// Signed states in one message; longer lists are cut into several messages.
    public static let gossipStatesPerMessage = 12
    /// Signed states of one whole answer; a higher count is malformed.
    public static let gossipAnswerStateCount = 65_535
    /// Records in one shuffle; more make the message malformed.
    public static let gossipShuffleRecordCount = 16
    /// Entries of one probe's digest, and ids of one pull; more make the message malformed.
    public static let gossipDigestItemCount = 64
    /// Times that a join or a shuffle is handed on; a higher count is malformed.
    public static let gossipHopCount = 8
    /// Verified records kept; at the limit one that nothing else needs makes room.
    public static let gossipRecordCount = 512
    /// First contacts kept for a lonely hour; at the limit the newest is not kept.
    public static let gossipContactCount = 16
    /// Peers asked for every state they know whose answers are waited for, and how long each is;
    /// the end of another's answer is not told.
    public static let gossipQuestionCount = 64
    public static let gossipQuestionTime = Interval.seconds(3)
    /// Peers whose message rate is metered; at the limit the one longest silent is forgotten.
    public static let gossipMeterCount = 256
    /// Messages that a peer may send at once, and in each second after; more are dropped.
    public static let gossipMessageBurst = 256
    public static let gossipMessagesPerSecond = 64
    /// Complete answers to `askStates` for one peer: one each this many milliseconds, else none.
    public static let gossipAnswerMilliseconds = 500
    /// Joins handed on at once, and in each second after; the others are served without a walk.
    public static let gossipJoinBurst = 64
    public static let gossipJoinsPerSecond = 16
    /// Peers that have a state from here or brought it; the first is forgotten and may be told
    /// again.
    public static let gossipToldCount = 64
    /// Owners known to have left, peers ignored, peers asked, probes relayed for others, each; at
    /// the limit the one that ends first makes room.
    public static let gossipMarkCount = 256
    /// Events not yet drained; overflowing is our fault and traps.
    public static let gossipEventCount = 1_024

    // MARK: placement

    /// Placement events not yet drained; overflowing is our fault and traps.
    public static let placementEventCount = 256

    // MARK: shards

    /// Chunks of one piece: its list fits one message. Larger pieces fail at once.
    public static let chunksPerPiece = 100_000
    /// Requests outstanding at one source, and reads outstanding for one asker; an asker that has
    /// more is refused as busy.
    public static let requestsPerSource = 4
    /// Requests outstanding in all: 16 MiB on their way here. More wait.
    public static let shardRequestCount = 64
    /// The same, and reads for others, while requests run on this node.
    public static let yieldingRequestCount = 2
    /// How long a source whose owner allows no more bytes is left alone.
    public static let budgetRest = Interval.minutes(1)
    /// Reads outstanding in all; askers beyond are refused as busy.
    public static let shardReadCount = 256
    /// Pieces and manifests that can be offered; more are not.
    public static let offeredPieceCount = 16_384
    public static let offeredManifestCount = 256
    /// Of these, manifests that were only heard of; the one that came first makes room.
    public static let heardManifestCount = 128
    /// Pieces being fetched; more fail at once.
    public static let fetchCount = 2_048
    /// Sources of one piece, and peers asked for one manifest; more are ignored.
    public static let sourcesPerFetch = 64
    /// Manifests looked for at once; more are missing at once.
    public static let manifestQueryCount = 64
    /// Sources remembered as liars; the ban that ends first is forgotten.
    public static let bannedSourceCount = 1_024
    /// Events one input can leave behind; overflowing is our fault and traps.
    public static let shardEventCount = 4_096
    /// A chunk or a list must have come by then.
    public static let chunkTimeout = Interval.seconds(20)
    /// A manifest must have come by then.
    public static let manifestTimeout = Interval.seconds(3)
    /// How long a source is left alone after a refusal for want of time, and after a silence.
    public static let busyRest = Interval.seconds(1)
    public static let silenceRest = Interval.seconds(5)
    /// Silences, and refusals for want of time, in a row; then the source is given up.
    public static let silencesPerSource = 3
    public static let refusalsPerSource = 60
    /// How long a piece without sources waits for new ones.
    public static let fetchPatience = Interval.seconds(30)
    /// How long a source of wrong bytes is not asked again.
    public static let sourceBan = Interval.minutes(10)

    // MARK: pipelines

    /// Stages of one chain; a longer one is not chosen.
    public static let chainStageCount = 64
    /// Floats in one position of the residual stream.
    public static let hiddenSize = 1 << 16
    /// Positions of one request.
    public static let positionCount = 1 << 20
    /// Rows of one step; longer prompts go in several steps.
    public static let rowsPerStep = 256
    /// Rows of a long prompt's steps: few, so that soon all stages work, enough to keep them busy.
    public static let promptStepRowCount = 32
    /// Towards the end its steps have this part of the rows that are left and so many more, a
    /// multiple of what kernels do in one pass, until so few are left: the last stage alone
    /// computes the last step.
    public static let promptStepDivisor = 10
    public static let promptStepAddedRowCount = 10
    public static let promptPassRowCount = 6
    public static let promptLastStepRowCount = 8
    /// A step's fields beside its rows, at most.
    public static let stepHeaderByteCount = 1_024
    /// Steps of one request.
    public static let stepIndex = 1 << 32
    /// Steps of one request under way or waiting at a stage; the entry sends no more, a stage that
    /// gets more ends the request.
    public static let stepsInFlight = 8
    /// Requests a node serves as a stage; more are refused as busy.
    public static let stageRequestCount = 64
    /// Closed requests whose accounts are awaited; the accounts of more are not.
    public static let closingRequestCount = 64
    /// Events one input can leave behind; overflowing is our fault and traps.
    public static let pipelineEventCount = 1_024
    /// Seats of one request over its whole life: first stages and replacements. A request that
    /// needs more fails.
    public static let seatNumber = 1 << 20
    /// Bytes of rows that one end of a hop keeps of a request, to send them again, and of all
    /// requests together. Beyond either nothing of the request is kept, and a lost stage is healed
    /// by running all positions again.
    public static let keptByteCount = 64 * 1_024 * 1_024
    public static let keptByteCountOfAll = 512 * 1_024 * 1_024
    /// Replays under way on one hop, and bytes of one: more wait until some were run.
    public static let replayWindowCount = 4
    public static let replayByteCount = 1_024 * 1_024
    /// A stage that answers questions, but not its offer, is lost for the request then.
    public static let openTimeout = Interval.seconds(10)
    /// Bounds of the time after which an entry asks its stages where a step is, and that time
    /// before the first step came back.
    public static let stepTimeoutLowest = Interval.milliseconds(100)
    public static let stepTimeoutHighest = Interval.seconds(2)
    public static let stepTimeoutInitial = Interval.milliseconds(500)
    /// Bounds of the time in which an asked stage must answer; else it is lost for the request.
    public static let answerTimeoutLowest = Interval.milliseconds(400)
    public static let answerTimeoutHighest = Interval.seconds(3)
    /// While a step is overdue, its stages are asked this often.
    public static let askInterval = Interval.milliseconds(500)
    /// Stages of a request that waits for nothing are asked this often: they hear that it lives.
    public static let keepAliveInterval = Interval.seconds(10)
    /// A stage that answers, but gets on with nothing for so long, is lost for the request.
    public static let stuckTimeout = Interval.seconds(60)
    /// How long a leaving stage may keep what it has; a longer word is malformed.
    public static let drainMilliseconds = 60_000
    /// Bytes of one part of a KV cache on its way to an heir (one position at least), and parts
    /// under way; more wait until some were taken.
    public static let cachePartByteCount = 256 * 1_024
    public static let cachePartWindowCount = 4
    /// Bytes of a leaving stage's last results that go to its heir; more are not sent, and if they
    /// are lost with it every position is run anew.
    public static let handoffResultByteCount = 1_024 * 1_024
    /// A running request whose prompter asks for nothing is given up then.
    public static let requestIdleTimeout = Interval.minutes(5)
    /// A stage that hears nothing of its request frees it then.
    public static let stageIdleTimeout = Interval.seconds(45)
    /// How long a closed request waits for its stages' accounts.
    public static let accountTimeout = Interval.seconds(2)
}
