public import Identity
public import Primitives

/// What the pipelines want from their node, or tell it.
public enum PipelineEvent: Sendable {
    // The entry's side.

    /// Every stage of the request has said yes.
    case opened(RequestID)
    /// A step came back from the last stage.
    case stepDone(Step)
    /// The request is over, without its answer.
    case failed(RequestID, RequestFailure)
    /// A stage's signed account, after the request was closed.
    case account(StageAccount)

    // The stage's side.

    /// Make room for a request's KV cache, then call `cacheOpened`.
    case openCache(StageOffer)
    /// Run the stage's layers over a step's rows, then call `computed`.
    case compute(StageOffer, Step)
    /// Forget a request and its KV cache.
    case closeCache(RequestID)
    /// The stage after ours: the node connects before the first step needs it.
    case meet(NodeRecord)
}

/// Why a request ended without its answer, and whose part it was.
public enum RequestFailure: Hashable, Sendable {
    /// A stage said no before the first step.
    case refused(NodeID, LayerRange, RefusalReason)
    /// A stage could not go on.
    case stageFailed(NodeID, LayerRange, RefusalReason)
    /// A stage's node was lost.
    case stageLost(NodeID, LayerRange)
    /// The stages did not all answer the offer in time.
    case openTimeout([NodeID])
    /// A step did not come back in time.
    case stepTimeout
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

    public init() {}
}
