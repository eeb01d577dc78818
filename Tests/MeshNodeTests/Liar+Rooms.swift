import Gossip
import Identity
import Primitives
import Wire

/// What the liar says of itself, of others, and of pieces.
extension Liar {
    // MARK: gossip

    private func holding() -> Holding {
        let model = isOne(in: 5) ? Digest(Bytes32(random: &random)) : pick(models).digest
        let count = pick([4, 4, 4, 1, 1_024])
        let lower = random.below(count)
        return Holding(
            model: model,
            layers: isOne(in: 2)
                ? LayerRange(0, count) : LayerRange(lower, lower + random.below(count - lower) + 1),
            layerCount: count, hasEnds: isOne(in: 2), hasAllPieces: isOne(in: 2))
    }

    /// The state of a face, newer than before, or as extreme as it can be.
    private func state(_ index: Int) -> SignedState {
        let face = faces[index]
        face.sequence = isOne(in: 200) ? .max : face.sequence &+ 1
        var state = NodeState(id: face.keys.id, sequence: face.sequence)
        state.presence = isOne(in: 4) ? pick(Presence.allCases) : .idle
        state.holdings = (0..<(isOne(in: 6) ? 8 : random.below(3))).map { _ in holding() }
        state.pending = (0..<random.below(3)).map { _ in holding() }
        state.demands = state.holdings.map { _ in isOne(in: 3) ? 1 << 20 : 0 }
        state.activeRequestCount = isOne(in: 3) ? 1 << 20 : 0
        state.memoryMebibytes = isOne(in: 3) ? 1 << 30 : 8
        state.memoryUsedMebibytes = isOne(in: 3) ? 1 << 30 : 0
        state.layerMicroseconds = isOne(in: 3) ? 1 << 40 : random.below(3)
        if isOne(in: 2) {
            state.coordinate = Coordinate(
                axes: (0..<4).map { _ in pick([.min, .max, 0]) }, height: pick([.max, 0]),
                error: UInt8(random.below(256)))
        }
        return SignedState(state, record: face.record, keys: face.keys)
    }

    private func anyState() -> SignedState {
        if isOne(in: 3), let old = states.randomElement(using: &random) { return old }
        return state(random.below(faces.count))
    }

    private func sample() -> [NodeRecord] {
        (0..<random.below(17)).map { _ in isOne(in: 4) ? victim : pick(faces).record }
    }

    private func lines() -> [DigestItem] {
        let ids = [victim.id] + faces.map(\.keys.id)
        return (0..<random.below(isOne(in: 4) ? 65 : 4)).map { _ in
            DigestItem(
                prefix: isOne(in: 4) ? random.next() >> 16 : pick(ids).raw.first >> 16,
                sequence: isOne(in: 2) ? .max : UInt32(random.below(9)),
                age: UInt8(random.below(256)))
        }
    }

    func gossip(_ face: Int) -> [UInt8] {
        let number = probes.randomElement(using: &random) ?? UInt32(random.below(9))
        let message: GossipMessage =
            switch random.below(16) {
            case 0: .join(state(face))
            case 1: .forwardJoin(hopsLeft: random.below(9), anyState())
            case 2: .neighbor(pick([.low, .high, .near]), state(face))
            case 3: .neighborReply(isAccepted: isOne(in: 2), state(face))
            case 4: isOne(in: 5) ? .disconnect : .shuffleReply(sample())
            case 5: .shuffle(hopsLeft: random.below(9), origin: faces[face].record, sample())
            case 6:
                .probe(
                    number: number, isNeighbor: !isOne(in: 5), sequence: UInt32(random.below(9)),
                    links: lines(), far: lines())
            case 7, 8:
                .probeReply(
                    number: number, pick([.alive, .reached, .unreached]), links: lines())
            case 9: .probeRequest(number: number, target: pick(faces).keys.id)
            case 10: .askStates(isOne(in: 2) ? [] : lines().map(\.prefix))
            case 11 where isOne(in: 3): .leave(state(face))
            default:
                .states(
                    answerCount: pick([nil, 0, 3, 65_535]),
                    (0..<random.below(5)).map { _ in
                        StateItem(
                            hopCount: pick([0, 1, 255]), age: pick([0, 127, 255]),
                            signed: anyState())
                    })
            }
        return message.encoded()
    }

    // MARK: Kademlia and Shards

    private func begin(_ kind: MessageKind, _ number: UInt32) -> ByteWriter {
        var writer = ByteWriter(reserving: 64)
        writer.write(kind.rawValue)
        writer.write(number)
        return writer
    }

    private func topic() -> NodeID {
        let model = pick(models)
        return isOne(in: 2)
            ? Topic.name(model.signed.manifest.name) : Topic.layers(of: model.digest, block: 0)
    }

    private func ad(_ index: Int) -> [UInt8] {
        let face = faces[index]
        let ad = Ad(
            holding: holding(), sequence: isOne(in: 4) ? extreme() : UInt64(random.below(9)),
            lifetimeSeconds: pick([0, 1, 600, .max]), record: face.record, keys: face.keys)
        var bytes = ad.encoded
        if isOne(in: 12) { bytes[bytes.count - 1] ^= 1 }
        return bytes
    }

    /// A request of the liar's own.
    func ask(_ face: Int) -> [UInt8] {
        var writer: ByteWriter
        switch random.below(6) {
        case 0:
            writer = begin(.findNodes, .max)
            writer.writeVarint(1)
            writer.write(UInt16(1 + random.below(256)))
        case 1:
            writer = begin(.findAds, 0)
            writer.write(topic())
        case 2:
            writer = begin(.putAd, 7)
            writer.write(topic())
            writer.writeBlob(ad(face))
        case 3:
            writer = begin(.askManifest, .max)
            writer.write(UInt8(0))
            writer.write(pick(models).digest)
        case 4:
            writer = begin(.askChunkList, .max)
            writer.write(pick(pick(models).pieces).root)
        default:
            writer = begin(.askChunk, UInt32(random.below(2)))
            writer.write(pick(pick(models).pieces).root)
            writer.writeVarint(pick([0, 0, 0, 1, Limits.chunksPerPiece - 1]))
        }
        return writer.bytes
    }

    /// Something of the right form; true things now and then, or nobody would ask again.
    func answer(_ question: Question) -> [UInt8] {
        var writer: ByteWriter
        switch question.kind {
        case .findNodes:
            writer = begin(.nodes, question.number)
            write(sample().prefix(16), into: &writer)
        case .findAds:
            writer = begin(.ads, question.number)
            let count = random.below(11)
            writer.writeVarint(count)
            for _ in 0..<count {
                writer.write(pick([0, 1, .max]) as UInt32)
                writer.writeBlob(ad(random.below(faces.count)))
            }
            write(sample().prefix(16), into: &writer)
        case .putAd:
            writer = begin(.adStored, question.number)
            writer.write(UInt8(random.below(3)))
        default:
            if isOne(in: 4) {
                writer = begin(.shardRefused, question.number)
                writer.write(UInt8(random.below(3)))
            } else {
                writer = shard(question)
            }
        }
        return writer.bytes
    }

    private func write(_ records: ArraySlice<NodeRecord>, into writer: inout ByteWriter) {
        writer.writeVarint(records.count)
        for record in records { writer.write(record) }
    }

    private func shard(_ question: Question) -> ByteWriter {
        let chunk =
            models.lazy.compactMap { $0.chunks[question.root] }.first
            ?? [UInt8](repeating: 1, count: 9)
        switch question.kind {
        case .askManifest:
            var writer = begin(.manifest, question.number)
            pick(models).signed.write(into: &writer)
            return writer
        case .askChunkList:
            var writer = begin(.chunkList, question.number)
            writer.write(question.root)
            let digest = isOne(in: 4) ? question.root : Digest.of(chunk, for: .chunk)
            let count = isOne(in: 5) ? 2 : 1
            writer.writeVarint(count)
            for _ in 0..<count { writer.write(digest) }
            return writer
        default:
            var writer = begin(.chunk, question.number)
            writer.write(question.root)
            writer.writeVarint(isOne(in: 9) ? Limits.chunksPerPiece - 1 : 0)
            writer.write(isOne(in: 4) ? chunk.reversed() : chunk)
            return writer
        }
    }
}
