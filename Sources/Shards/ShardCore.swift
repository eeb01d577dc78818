public import Identity
public import Primitives
public import Wire

/// A node's part in moving models about: pieces named by their content, chunk by chunk, from
/// whoever has them (Protocol.md).
public struct ShardCore: ~Copyable, MessageCore {
    let suite: CryptoSuite
    var random: SeededRandom
    var manifests = OrderedTable<Digest, SignedManifest>()
    /// Of these, what was only heard of, the latest last.
    var heardManifests: [Digest] = []
    var offers = OrderedTable<Digest, Int>()
    var reads = OrderedTable<ReadToken, ShardRead>()
    var fetches = OrderedTable<Digest, Fetch>()
    /// Roots in the order in which they were asked for: the order in which they are fetched.
    var order: [Digest] = []
    var searches = OrderedTable<UInt64, ManifestSearch>()
    var requests = OrderedTable<UInt32, ShardRequest>()
    /// Requests outstanding at each source, over all pieces.
    var loads = OrderedTable<NodeID, Int>()
    var bans = OrderedTable<NodeID, Instant>()
    var budget = ShardBudget()
    /// Requests run on this node: pieces move slowly, so that steps find the line free.
    public var isYielding = false
    var events = Ring<ShardEvent>(capacity: Limits.shardEventCount)
    var nextRequest: UInt32
    var nextToken: UInt64 = 1
    var nextSearch: UInt64 = 1
    /// When a source has rested enough, or a lonely piece has waited enough.
    var nextPumpAt = Instant.never
    public internal(set) var counters = ShardCounters()

    public init(suite: CryptoSuite, seed: UInt64) {
        self.suite = suite
        random = SeededRandom(seed: seed)
        nextRequest = UInt32(truncatingIfNeeded: random.next())
    }

    // MARK: what we have

    /// A manifest that others may have from us. The caller checked it.
    public mutating func offer(_ manifest: SignedManifest) {
        let digest = manifest.manifest.digest
        heardManifests.removeAll { $0 == digest }
        let isRoom = manifests.count < Limits.offeredManifestCount
        guard isRoom || manifests.contains(digest) else {
            counters.offersDropped += 1
            return
        }
        manifests[digest] = manifest
    }

    /// An authentic manifest of a model that nobody here asked for: others may have it too, until
    /// as many came after it. Whoever names many models keeps out no model that somebody wants.
    public mutating func keepHeard(_ manifest: SignedManifest) {
        let digest = manifest.manifest.digest
        guard !manifests.contains(digest) else { return }
        if heardManifests.count >= Limits.heardManifestCount {
            manifests.remove(heardManifests.removeFirst())
        }
        offer(manifest)
        if manifests.contains(digest) { heardManifests.append(digest) }
    }

    /// A whole piece on our disk.
    public mutating func offer(root: Digest, chunkCount: Int) {
        precondition(chunkCount > 0)
        let isRoom = offers.count < Limits.offeredPieceCount
        guard isRoom || offers.contains(root), chunkCount <= Limits.chunksPerPiece else {
            counters.offersDropped += 1
            return
        }
        offers[root] = chunkCount
    }

    /// The piece is no longer on our disk; reads under way are answered as the shell answers them.
    public mutating func withdraw(root: Digest) { offers.remove(root) }

    public mutating func withdraw(manifest digest: Digest) {
        manifests.remove(digest)
        heardManifests.removeAll { $0 == digest }
    }

    public func manifest(_ digest: Digest) -> SignedManifest? { manifests[digest] }

    /// Every offered manifest of a model of this name, in order of digest.
    public func manifests(named name: String) -> [SignedManifest] {
        manifests.values.filter { $0.manifest.name == name }
    }

    // MARK: what it may cost

    /// How many bytes of pieces may still be taken and given away; nil for any number. What does
    /// not fit waits for the next word.
    public mutating func setBudget(byteCount: Int?, at now: Instant, into mail: inout Mail) {
        budget.remaining = byteCount
        pump(at: now, into: &mail)
    }

    // MARK: what we want

    /// Asks peers for a manifest, three at a time; ends in `manifestArrived` with the first that is
    /// authentic, or `manifestMissing`. Peers asked earlier for the same query stay asked.
    public mutating func findManifest(
        _ query: ManifestQuery, from peers: [NodeID], at now: Instant, into mail: inout Mail
    ) {
        let number: UInt64
        if let index = searches.values.firstIndex(where: { $0.query == query }) {
            number = searches.keys[index]
            searches.update(at: index) { search in
                let more = peers.filter { !search.peers.contains($0) }
                search.peers = Array((search.peers + more).prefix(Limits.sourcesPerFetch))
            }
        } else {
            guard searches.count < Limits.manifestQueryCount else {
                emit(.manifestMissing(query))
                return
            }
            number = nextSearch
            nextSearch += 1
            searches[number] = ManifestSearch(
                query: query, peers: Array(peers.prefix(Limits.sourcesPerFetch)))
        }
        search(number, at: now, into: &mail)
    }

    /// Fetches a piece from any of `sources`. `presentChunks` lie verified on the disk already, and
    /// `knownChunkDigests` is the list kept from an earlier try. A piece that is being fetched
    /// gains sources.
    public mutating func fetch(
        _ piece: PieceEntry, from sources: [NodeID], knownChunkDigests: [Digest]?,
        presentChunks: [Int], at now: Instant, into mail: inout Mail
    ) {
        if fetches.contains(piece.root) {
            addSources(sources, for: piece.root, at: now, into: &mail)
            return
        }
        let limit = UInt64(Limits.chunksPerPiece * Limits.chunkByteCount)
        guard piece.byteCount <= limit, piece.byteCount > 0, fetches.count < Limits.fetchCount
        else {
            emit(.fetchFailed(root: piece.root, .overLimit))
            return
        }
        var isPresent = Array(repeating: false, count: piece.chunkCount)
        for index in presentChunks {
            precondition(isPresent.indices.contains(index), "no such chunk in this piece")
            isPresent[index] = true
        }
        var pending = isPresent.indices.filter { !isPresent[$0] }
        guard !pending.isEmpty else {
            emit(.pieceComplete(root: piece.root))
            return
        }
        // Every node begins elsewhere, so that those who fetch together do not queue for one chunk.
        pending.shuffle(using: &random)
        var fetch = Fetch(piece: piece, pending: pending, missingCount: pending.count)
        if let known = knownChunkDigests, piece.matches(chunkDigests: known) {
            fetch.digests = known
        }
        fetch.add(sources)
        fetches[piece.root] = fetch
        order.append(piece.root)
        pump(at: now, into: &mail)
    }

    /// More peers that may have a piece. Nothing happens where it is not being fetched.
    public mutating func addSources(
        _ peers: [NodeID], for root: Digest, at now: Instant, into mail: inout Mail
    ) {
        fetches.update(root) { $0.add(peers) }
        pump(at: now, into: &mail)
    }

    /// Stops fetching a piece; what was stored stays stored, and no event follows.
    public mutating func cancel(root: Digest) {
        fetches.remove(root)
        order.removeAll { $0 == root }
        for number in requests.keys {
            guard let request = requests[number], request.root == root else { continue }
            endRequest(number)
        }
    }

    // MARK: time and peers

    /// A peer can't be reached: its requests go to others, and its reads are forgotten.
    public mutating func peerGone(_ id: NodeID, at now: Instant, into mail: inout Mail) {
        reads.removeAll { $1.asker == id }
        for root in fetches.keys { fetches.update(root) { $0.sources.remove(id) } }
        for number in requests.keys where requests[number]?.peer == id {
            abandon(number, at: now, into: &mail)
        }
        pump(at: now, into: &mail)
    }

    public var nextDeadline: Instant {
        requests.values.reduce(nextPumpAt) { min($0, $1.deadline) }
    }

    public mutating func fire(at now: Instant, into mail: inout Mail) {
        for number in requests.keys {
            guard let request = requests[number], request.deadline <= now else { continue }
            counters.requestsMissed += 1
            if let root = request.root {
                fetches.update(root) { $0.rest(request.peer, isSilence: true, at: now) }
            }
            abandon(number, at: now, into: &mail)
        }
        pump(at: now, into: &mail)
    }

    /// The oldest event that was not taken yet.
    public mutating func nextEvent() -> ShardEvent? { events.popFirst() }

    mutating func emit(_ event: ShardEvent) {
        let added = events.append(event)
        precondition(added, "events overflow: the driver must drain between inputs")
    }
}

extension ShardRequest {
    /// The piece that the request is for; nil for a manifest.
    var root: Digest? {
        switch purpose {
        case .manifest: nil
        case .list(let root), .chunk(let root, _): root
        }
    }
}
