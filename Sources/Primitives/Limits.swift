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

    // MARK: gossip

    // MARK: placement

    // MARK: shards

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

    // MARK: the node

    /// Effects one input can leave behind; overflowing is our fault and traps.
    public static let nodeEffectCount = 4_096
    /// Records of nodes met on the way; the oldest makes room.
    public static let recordBookCount = 256
    /// First contacts that are asked again and again; more are ignored.
    public static let bootstrapContactCount = 64
    /// A silent first contact is asked no more rarely than this.
    public static let bootstrapIntervalMaximum = Interval.seconds(30)
    /// Voters on our own address that are remembered, and how many must agree.
    public static let addressVoteCount = 32
    public static let addressAgreementCount = 3
    /// Records kept on disk to begin with after a restart, and how often they are written.
    public static let seedCount = 64
    public static let seedInterval = Interval.seconds(30)
    /// Session round trips are fed to the coordinate this often.
    public static let roundTripSampleInterval = Interval.seconds(2)
    /// Ads are put into the DHT again this often, and forgotten there after their lifetime.
    public static let adPublishInterval = Interval.minutes(2)
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
    /// Peers a visitor asks for the states they know.
    public static let stateAskCount = 3
    /// Chains tried for one request before its prompter is told.
    public static let chainAttemptCount = 5
    /// Requests one node serves at once as their entry; more end at once.
    public static let entryRequestCount = 64
    /// What a round trip is taken for before anything is known of it.
    public static let unknownRoundTripMicroseconds = 50_000

    // MARK: transformers

    /// Widths inside one layer: feed-forward, all heads together. Larger shapes are refused.
    public static let layerWidth = 1 << 18
    /// Attention heads of a layer. More are refused.
    public static let headCount = 4_096
    /// Numbers of one attention head. Larger ones are refused.
    public static let headSize = 1_024
    /// Positions of one context. A shape that claims more is refused.
    public static let contextLength = 1 << 22
    /// One piece of a model. Larger ones are refused at import and by who reads a shape.
    public static let pieceByteCount = 1 << 36
    /// An encoded model shape: its longest form is one divisor for each pair of a head.
    public static let shapeByteCount = 4 * 1_024
    /// Bytes of a tokenizer inside the ends. Larger ones are refused at import.
    public static let tokenizerByteCount = 64 * 1_024 * 1_024
    /// Text that could begin a stop string is held back up to this many bytes.
    public static let stopStringByteCount = 256
    /// Stop strings of one request. More are refused.
    public static let stopStringCount = 16

    // MARK: checkpoints

    /// Tensors of one model over all its files. A file that lists more is refused.
    public static let checkpointTensorCount = 262_144
    /// Values in the metadata of one file, array elements included. More is refused.
    public static let checkpointMetadataValueCount = 8_388_608
    /// A metadata key or a tensor's name, in bytes. Longer ones are refused.
    public static let checkpointNameByteCount = 1_024
    /// The JSON header of a safetensors file. Longer ones are refused.
    public static let safetensorsHeaderByteCount = 100_000_000
    /// Arrays and objects inside each other in JSON and in metadata. Deeper ones are refused.
    public static let nestingDepth = 64

    // MARK: tokenizers

    /// Pieces of a vocabulary. A larger one is refused.
    public static let vocabularyCount = 1_048_576
    /// One piece of a vocabulary, in bytes. A longer one is refused.
    public static let vocabularyPieceByteCount = 4_096
    /// A chat template, in bytes. A longer one is dropped, and the model has none.
    public static let chatTemplateByteCount = 131_072
    /// Steps of one match of a pre-tokenizer pattern; at the limit the rest of the text is one word.
    public static let patternMatchStepCount: UInt32 = 10_000_000

    // MARK: runtime

    /// Datagrams of one system call; more wait in the kernel for the next.
    public static let datagramBatchCount = 64
    /// What the kernel is asked to hold for a socket each way; it drops beyond that.
    public static let socketBufferByteCount = 4 * 1_024 * 1_024
    /// Addresses taken of one name or one machine; the rest are left out.
    public static let resolvedAddressCount = 64
    /// Threads of a crew with its caller; more are not started.
    public static let crewMemberCount = 64
    /// Looks before a member or the caller sleeps: some tens of microseconds, the time between two
    /// products of one layer.
    public static let crewSpinCount = 1_000
    /// Jobs that wait for the compute thread; more are refused.
    public static let computeJobCount = 256
    /// Looks before the compute thread sleeps: a step usually comes in long after the last.
    public static let computeSpinCount = 100
}
