public import Identity
public import Primitives

/// What the pipelines want from their node, or tell it.
public enum PipelineEvent: Sendable {
    // The entry's side.

    /// Every stage of the request has said yes, for the first time.
    case opened(RequestID)
    /// A step takes longer than usual, and its stages are asked: one of them may be lost soon.
    case overdue(RequestID)
    /// Stages are lost: the node calls `replace` for each gap of `chain(of:)`, or `cancel`.
    case broken(RequestID, [StageLoss])
    /// The chain is whole again; steps go on by themselves.
    case mended(RequestID)
    /// The chain is whole again, and empty: all positions must be run anew, from 0.
    case rewound(RequestID)
    /// A stage will be gone soon: the node names an heir with `appoint`, where it knows one.
    case leaving(RequestID, NodeID, LayerRange)
    /// A node that was to be an heir is none; where there is time for another, `leaving` follows.
    case heirLost(RequestID, NodeID, LossCause)
    /// A leaving stage's heir has taken its place, KV cache and all.
    case handedOver(RequestID, from: NodeID, to: NodeID)
    /// A step came back from the last stage.
    case stepDone(Step)
    /// The request is over, without its answer.
    case failed(RequestID, RequestFailure)
    /// A stage's signed account, after the request was closed.
    case account(StageAccount)

    // The stage's side.

    /// Make room for a request's KV cache, then call `cacheOpened`.
    case openCache(StageOffer)
    /// Run the stage's layers over a step's rows, then call `computed`; or, where it has names
    /// alone and what came of these rows was not kept, `rowsNotKnown`.
    case compute(StageOffer, Step)
    /// Read some of these positions out of a KV cache, as many as one message carries, then call
    /// `cacheExported`.
    case exportCache(RequestID, from: Int, upTo: Int)
    /// Put positions into a KV cache behind those it has, then call `cacheImported`.
    case importCache(RequestID, from: Int, bytes: [UInt8])
    /// Forget a request and its KV cache.
    case closeCache(RequestID)
    /// The stage after ours: the node connects before the first step needs it.
    case meet(NodeRecord)
    /// Some entry's request lost every holder of these layers that it knew.
    case layersWanted(model: Digest, layers: LayerRange)
}

/// Why a stage is of no more use to a request.
public enum LossCause: Hashable, Sendable {
    /// It said no to the offer.
    case refused(RefusalReason)
    /// It said that it can't go on.
    case failed(RefusalReason)
    /// The session with it ended, or that of the stage before it.
    case unreachable
    /// It did not answer in time.
    case silent
    /// It answers, and gets on with nothing.
    case stuck
    /// It was well: its part is given to others, or run anew.
    case givenUp
}

/// A stage that a request lost.
public struct StageLoss: Hashable, Sendable {
    public var node: NodeID
    public var layers: LayerRange
    public var cause: LossCause

    public init(node: NodeID, layers: LayerRange, cause: LossCause) {
        self.node = node
        self.layers = layers
        self.cause = cause
    }
}

/// A place in a request's chain, as a node that mends it sees it.
public struct ChainPlace: Hashable, Sendable {
    public var node: NodeID
    public var layers: LayerRange
    public var isLost: Bool
}

/// Why a request ended without its answer, and whose part it was.
public enum RequestFailure: Hashable, Sendable {
    /// A stage was lost, and nobody could take its place.
    case stageLost(StageLoss)
    /// The prompter asked for nothing any more.
    case abandoned
}

/// What was dropped or refused, and why.
public struct PipelineCounters: Hashable, Sendable {
    public var malformed: UInt64 = 0
    public var unsigned: UInt64 = 0
    public var unknownRequests: UInt64 = 0
    public var wrongSender: UInt64 = 0
    public var stagesOpened: UInt64 = 0
    public var stagesRefused: UInt64 = 0
    public var stepsRun: UInt64 = 0
    public var stepsRefused: UInt64 = 0
    public var stagesExpired: UInt64 = 0
    /// Rows that came a second time.
    public var oldRows: UInt64 = 0
    /// Rows that were sent by their names alone, and times that the next stage wanted rows then.
    public var rowsNamed: UInt64 = 0
    public var namesUnknown: UInt64 = 0
    public var stagesLost: UInt64 = 0
    public var stagesRevived: UInt64 = 0
    public var requestsMended: UInt64 = 0
    public var requestsRewound: UInt64 = 0
    /// Requests of this entry that changed hands, and bytes of KV caches given and taken here.
    public var handoffs: UInt64 = 0
    public var cacheBytesGiven: UInt64 = 0
    public var cacheBytesTaken: UInt64 = 0

    public init() {}
}
