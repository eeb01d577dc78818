/// Every limit of a node, in one file. What happens at a limit is said beside it.
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
    /// A signed state of a node.
    public static let stateByteCount = 640
    /// A signed ad.
    public static let adByteCount = 640

    // MARK: sessions

    /// One message; longer ones are refused by the sender and end a reassembly at the receiver.
    public static let messageByteCount = 4 * 1_024 * 1_024

    // MARK: Kademlia

    /// Nodes in the four farthest buckets, then in each of the others; a full bucket keeps its
    /// nodes, and newcomers wait as replacements.
    public static let farBucketEntryCounts = [256, 128, 64, 32]
    public static let bucketEntryCount = 16
    /// Nodes that wait for a place in one bucket; more are not kept.
    public static let bucketReplacementCount = 10
    /// Nodes of one /24 or /48 in a bucket and in the table; more are refused.
    public static let bucketPrefixEntryCount = 2
    public static let tablePrefixEntryCount = 10
    /// Log-distances in one request, records and ads in one reply; a message with more is malformed.
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
    public static let storedAdsPerTopic = 64
    public static let storedAdsPerHolder = 128
    /// Events one input can leave behind; overflowing is our fault and traps.
    public static let kademliaEventCount = 1_024
    /// Finished lookups whose density is remembered; the oldest is forgotten.
    public static let densitySampleCount = 64

    // MARK: gossip

    // MARK: placement

    // MARK: shards

    /// Chunks of one piece: its list fits one message. Larger pieces fail at once.
    public static let chunksPerPiece = 100_000
    /// Requests outstanding at one source, and reads outstanding for one asker; an asker that has
    /// more is refused as busy.
    public static let requestsPerSource = 4
    /// Requests outstanding in all: 16 MiB on their way here. More wait.
    public static let shardRequestCount = 64
    /// Reads outstanding in all; askers beyond are refused as busy.
    public static let shardReadCount = 256
    /// Pieces and manifests that can be offered; more are not.
    public static let offeredPieceCount = 16_384
    public static let offeredManifestCount = 256
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
    /// All stages must have answered their offers by then.
    public static let openTimeout = Interval.seconds(10)
    /// Something of a running request must come back by then.
    public static let stepTimeout = Interval.seconds(30)
    /// A running request whose prompter asks for nothing is given up then.
    public static let requestIdleTimeout = Interval.minutes(5)
    /// A stage that hears nothing of its request frees it then.
    public static let stageIdleTimeout = Interval.minutes(5)
    /// How long a closed request waits for its stages' accounts.
    public static let accountTimeout = Interval.seconds(2)

    // MARK: runtime
}
