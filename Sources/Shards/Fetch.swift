internal import Identity
internal import Primitives
internal import Wire

/// Somebody who may have a piece.
struct Source: Sendable {
    /// Its place among the sources, the nearest first.
    var rank = 0
    /// In a row; an answer sets both to zero.
    var silenceCount = 0
    var refusalCount = 0
    var restUntil = Instant.origin
}

/// A piece on its way here.
struct Fetch: Sendable {
    let piece: PieceEntry
    /// Nil until a list came that the root commits to.
    var digests: [Digest]?
    var isListAsked = false
    /// Chunks to ask for, the next one last.
    var pending: [Int]
    /// Chunks that were not given to the shell yet.
    var missingCount: Int
    var sources = OrderedTable<NodeID, Source>()
    /// Since when nobody is left to ask.
    var lonelySince: Instant?

    /// Takes sources in, nearest first; the order of the latest list counts.
    mutating func add(_ peers: [NodeID]) {
        for (rank, peer) in peers.enumerated() {
            if sources[peer] == nil {
                guard sources.count < Limits.sourcesPerFetch else { continue }
                sources[peer] = Source()
            }
            sources.update(peer) { $0.rank = rank }
        }
    }

    /// The source answered.
    mutating func praise(_ peer: NodeID) {
        sources.update(peer) { source in
            let rank = source.rank
            source = Source()
            source.rank = rank
        }
    }

    /// The source has given away what its owner allows.
    mutating func restOverBudget(_ peer: NodeID, at now: Instant) {
        sources.update(peer) { $0.restUntil = now + Limits.budgetRest }
    }

    /// The source did not answer, or had no time; it is given up where that is its habit.
    mutating func rest(_ peer: NodeID, isSilence: Bool, at now: Instant) {
        guard var source = sources[peer] else { return }
        source.silenceCount += isSilence ? 1 : 0
        source.refusalCount += isSilence ? 0 : 1
        source.restUntil = now + (isSilence ? Limits.silenceRest : Limits.busyRest)
        let isHopeless =
            source.silenceCount >= Limits.silencesPerSource
            || source.refusalCount >= Limits.refusalsPerSource
        sources[peer] = isHopeless ? nil : source
    }
}

/// A manifest that is looked for.
struct ManifestSearch: Sendable {
    let query: ManifestQuery
    /// Whom to ask yet, the next one first.
    var peers: [NodeID]
    var askedCount = 0
}

/// A request that waits for its reply.
struct ShardRequest: Sendable {
    enum Purpose: Sendable {
        case manifest(search: UInt64)
        case list(root: Digest)
        case chunk(root: Digest, index: Int)
    }

    var peer: NodeID
    var purpose: Purpose
    var deadline: Instant
}

/// A read that the shell was asked for.
struct ShardRead: Sendable {
    var asker: NodeID
    var request: UInt32
    var root: Digest
    /// Nil for the list of chunks.
    var index: Int?
}
