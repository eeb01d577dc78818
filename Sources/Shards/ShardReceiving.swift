internal import Identity
public import Primitives
internal import Wire

extension ShardCore {
    public mutating func receive(
        _ bytes: [UInt8], from peer: NodeID, at now: Instant, into mail: inout Mail
    ) {
        let message: ShardMessage
        do throws(WireError) {
            message = try ShardMessage(decoding: bytes)
        } catch {
            counters.messagesMalformed += 1
            return
        }
        switch message {
        case .askManifest(let request, let query):
            serve(query, request, to: peer, into: &mail)
        case .askChunkList(let request, let root):
            read(root, nil, request, for: peer, into: &mail)
        case .askChunk(let request, let root, let index):
            read(root, index, request, for: peer, into: &mail)
        case .manifest(let number, let manifest):
            take(manifest, number, from: peer, at: now, into: &mail)
        case .chunkList(let number, let root, let digests):
            take(digests, of: root, number, from: peer, at: now, into: &mail)
        case .chunk(let number, let root, let index, let bytes):
            take(bytes, of: root, index, number, from: peer, at: now, into: &mail)
        case .refused(let number, let reason):
            takeRefusal(reason, number, from: peer, at: now, into: &mail)
        }
    }

    // MARK: serving

    private mutating func serve(
        _ query: ManifestQuery, _ request: UInt32, to peer: NodeID, into mail: inout Mail
    ) {
        let found: SignedManifest?
        switch query {
        case .digest(let digest): found = manifests[digest]
        case .name(let name): found = manifests(named: name).first
        }
        guard let found else {
            refuse(.absent, request, to: peer, into: &mail)
            return
        }
        mail.send(ShardMessage.manifest(request, found).encoded, to: peer, priority: .bulk)
    }

    private mutating func read(
        _ root: Digest, _ index: Int?, _ request: UInt32, for peer: NodeID,
        into mail: inout Mail
    ) {
        guard let chunkCount = offers[root], (index ?? 0) < chunkCount else {
            refuse(.absent, request, to: peer, into: &mail)
            return
        }
        guard budget.hasRoom(beside: requests.count + reads.count) else {
            refuse(.overBudget, request, to: peer, into: &mail)
            return
        }
        let ofAsker = reads.values.count { $0.asker == peer }
        let limit = isYielding ? Limits.yieldingRequestCount : Limits.shardReadCount
        guard reads.count < limit, ofAsker < Limits.requestsPerSource else {
            refuse(.busy, request, to: peer, into: &mail)
            return
        }
        let token = ReadToken(number: nextToken)
        nextToken += 1
        reads[token] = ShardRead(asker: peer, request: request, root: root, index: index)
        if let index {
            emit(.readChunk(token, root: root, index: index))
        } else {
            emit(.readChunkList(token, root: root))
        }
    }

    private mutating func refuse(
        _ reason: ShardRefusal, _ request: UInt32, to peer: NodeID, into mail: inout Mail
    ) {
        counters.requestsRefused += 1
        mail.send(ShardMessage.refused(request, reason).encoded, to: peer)
    }

    /// The shell's answer to `readChunk`; nil where the chunk could not be read. Answers to reads
    /// of peers that are gone are dropped.
    public mutating func chunkRead(
        _ token: ReadToken, bytes: [UInt8]?, at now: Instant, into mail: inout Mail
    ) {
        guard let read = reads.remove(token) else { return }
        guard let bytes, let index = read.index else {
            refuse(.absent, read.request, to: read.asker, into: &mail)
            return
        }
        precondition(bytes.count <= Limits.chunkByteCount)
        counters.chunksServed += 1
        counters.bytesServed += bytes.count
        budget.spend(bytes.count)
        let message = ShardMessage.chunk(read.request, root: read.root, index: index, bytes)
        mail.send(message.encoded, to: read.asker, priority: .bulk)
    }

    /// The shell's answer to `readChunkList`; nil where the list could not be read.
    public mutating func chunkListRead(
        _ token: ReadToken, digests: [Digest]?, at now: Instant, into mail: inout Mail
    ) {
        guard let read = reads.remove(token) else { return }
        guard let digests, read.index == nil else {
            refuse(.absent, read.request, to: read.asker, into: &mail)
            return
        }
        let message = ShardMessage.chunkList(read.request, root: read.root, digests)
        mail.send(message.encoded, to: read.asker, priority: .bulk)
    }

    // MARK: taking

    /// The request that a reply belongs to; nil where this peer was not asked that.
    private mutating func request(_ number: UInt32, from peer: NodeID) -> ShardRequest? {
        guard let request = requests[number], request.peer == peer else {
            counters.repliesUnexpected += 1
            return nil
        }
        return request
    }

    private mutating func take(
        _ manifest: SignedManifest, _ number: UInt32, from peer: NodeID, at now: Instant,
        into mail: inout Mail
    ) {
        guard let request = request(number, from: peer) else { return }
        guard case .manifest(let searchNumber) = request.purpose,
            let search = searches[searchNumber],
            search.query.isAnswered(by: manifest.manifest), manifest.isAuthentic(suite: suite)
        else {
            ban(peer, at: now, into: &mail)
            pump(at: now, into: &mail)
            return
        }
        searches.remove(searchNumber)
        for other in requests.keys {
            if case .manifest(searchNumber) = requests[other]?.purpose { endRequest(other) }
        }
        emit(.manifestArrived(manifest))
        pump(at: now, into: &mail)
    }

    private mutating func take(
        _ digests: [Digest], of root: Digest, _ number: UInt32, from peer: NodeID,
        at now: Instant, into mail: inout Mail
    ) {
        guard let request = request(number, from: peer) else { return }
        if case .list(root) = request.purpose, let fetch = fetches[root],
            fetch.piece.matches(chunkDigests: digests)
        {
            endRequest(number)
            fetches.update(root) { $0.digests = digests }
            praise(peer, root)
            emit(.chunkListArrived(root: root, digests))
        } else {
            ban(peer, at: now, into: &mail)
        }
        pump(at: now, into: &mail)
    }

    private mutating func take(
        _ bytes: [UInt8], of root: Digest, _ index: Int, _ number: UInt32, from peer: NodeID,
        at now: Instant, into mail: inout Mail
    ) {
        guard let request = request(number, from: peer) else { return }
        budget.spend(bytes.count)
        guard case .chunk(root, index) = request.purpose, let fetch = fetches[root],
            let digests = fetch.digests, bytes.count == fetch.piece.byteCount(ofChunk: index),
            Digest.of(bytes, for: .chunk) == digests[index]
        else {
            ban(peer, at: now, into: &mail)
            pump(at: now, into: &mail)
            return
        }
        endRequest(number)
        praise(peer, root)
        counters.chunksFetched += 1
        counters.bytesFetched += bytes.count
        fetches.update(root) { $0.missingCount -= 1 }
        emit(.storeChunk(root: root, index: index, bytes: bytes))
        if fetches[root]?.missingCount == 0 {
            fetches.remove(root)
            order.removeAll { $0 == root }
            emit(.pieceComplete(root: root))
        }
        pump(at: now, into: &mail)
    }

    private mutating func praise(_ peer: NodeID, _ root: Digest) {
        fetches.update(root) { $0.praise(peer) }
    }

    private mutating func takeRefusal(
        _ reason: ShardRefusal, _ number: UInt32, from peer: NodeID, at now: Instant,
        into mail: inout Mail
    ) {
        guard let request = request(number, from: peer) else { return }
        counters.refusalsMet += 1
        if let root = request.root {
            fetches.update(root) { fetch in
                switch reason {
                case .absent: fetch.sources.remove(peer)
                case .busy: fetch.rest(peer, isSilence: false, at: now)
                case .overBudget: fetch.restOverBudget(peer, at: now)
                }
            }
        }
        abandon(number, at: now, into: &mail)
        pump(at: now, into: &mail)
    }
}
