public import MeshNode
import Pipelines
import Primitives
import Shards
import Transformers
public import Wire

/// What the disk thread tells the loop.
enum DiskAnswer: Sendable {
    case chunk(ReadToken, [UInt8]?)
    case chunkList(ReadToken, [Digest]?)
    case manifestStored(Digest, [PieceStatus])
    case pieceStored(Digest, Int, isWhole: Bool)
}

/// Effects that the loop performs by itself: disk and arithmetic.
extension NodeLoop {
    /// Starts an effect; false where it is the shell's.
    mutating func start(_ effect: NodeEffect) -> Bool {
        switch effect {
        case .load(let model, let layers): load(model, layers)
        case .unload(let model):
            compute.require { [engine] in engine.unload(model) }
        case .openCache(let offer): open(offer)
        case .compute(_, let step): run(step)
        case .exportCache(let id, let from, let end): export(id, from, end)
        case .importCache(let id, let from, let bytes):
            submit(compute, otherwise: .engine(.cacheImported(id, position: nil))) {
                [engine] answers in
                let position = engine.take(bytes, at: from, for: id)
                answers.post(.engine(.cacheImported(id, position: position)))
            }
        case .closeCache(let id):
            if openedCaches.close(id) { compute.require { [engine] in engine.close(id) } }
        case .readChunk(let token, let piece, let index):
            submit(disk, otherwise: .disk(.chunk(token, nil))) { [store] answers in
                let bytes = (try? store?.readChunk(index, of: piece)) ?? nil
                answers.post(.disk(.chunk(token, bytes)))
            }
        case .readChunkList(let token, let piece):
            submit(disk, otherwise: .disk(.chunkList(token, nil))) { [store] answers in
                answers.post(.disk(.chunkList(token, store?.chunkDigests(of: piece))))
            }
        case .storeManifest(let manifest): storeManifest(manifest)
        // What is not written is missing when the piece should be whole, and fetched again.
        case .storeChunkList(let piece, let digests):
            disk.submit { [store] in _ = try? store?.begin(piece, chunkDigests: digests) }
        case .storeChunk(let piece, let index, let bytes):
            disk.submit { [store] in _ = try? store?.store(bytes, chunk: index, of: piece) }
        case .completePiece(let model, let index, let piece):
            let isMissing = DiskAnswer.pieceStored(model, index, isWhole: false)
            submit(disk, otherwise: .disk(isMissing)) { [store] answers in
                let isWhole = store?.isComplete(piece) ?? false
                answers.post(.disk(.pieceStored(model, index, isWhole: isWhole)))
            }
        case .removePiece(let piece):
            let isTaken = disk.submit { [store] in try? store?.remove(piece) }
            if !isTaken { try? store?.remove(piece) }
        case .keepSeeds, .manifestFound, .pieceReady, .pieceFailed, .requestOpened,
            .requestWaiting, .requestMended, .requestRewound, .stepDone, .requestFailed,
            .accountArrived, .statesArrived, .note:
            return false
        }
        return true
    }

    private mutating func open(_ offer: StageOffer) {
        let id = offer.request
        let isTaken = compute.submit { [engine, answers] in
            var (refusal, keepsRows) = (StageRefusal?.none, false)
            do throws(StageRefusal) { keepsRows = try engine.open(offer) } catch {
                refusal = error
            }
            answers.post(.engine(.cacheOpened(id, refusal, keepsRows: keepsRows)))
        }
        if isTaken {
            openedCaches.ask(id)
        } else {
            _ = node.cacheOpened(id, refusal: .busy, at: SystemClock.now(), into: &outbox)
            socket.send(&outbox)
        }
    }

    private mutating func storeManifest(_ signed: SignedManifest) {
        let manifest = signed.manifest
        let none = Array(repeating: PieceStatus.absent, count: manifest.pieces.count)
        submit(disk, otherwise: .disk(.manifestStored(manifest.digest, none))) { [store] answers in
            try? store?.add(signed)
            let pieces = store?.statuses(of: manifest) ?? none
            answers.post(.disk(.manifestStored(manifest.digest, pieces)))
        }
    }

    /// Gives a thread a job; where it has too much to do, the node is told at once what a job that
    /// fails would tell.
    private mutating func submit(
        _ thread: ComputeThread, otherwise answer: LoopAnswer,
        _ job: @escaping @Sendable (Mailbox<LoopAnswer>) -> Void
    ) {
        let isTaken = thread.submit { [answers] in job(answers) }
        guard !isTaken else { return }
        give(answer)
        socket.send(&outbox)
    }

    private func load(_ model: Digest, _ layers: LayerRange) {
        let manifest = node.manifest(model)?.manifest
        compute.require { [engine, store, answers] in
            var microseconds: Int?
            if let manifest, let store, let shape = try? ModelShape(decoding: manifest.shape) {
                let pieces = layers.range.map { layer in
                    try? store.readPiece(manifest.piece(ofLayer: layer))
                }
                if !pieces.contains(where: { $0 == nil }) {
                    microseconds = try? engine.load(
                        model, shape: shape, layers: layers, pieces: pieces.compactMap { $0 })
                }
            }
            answers.post(
                .engine(.loaded(model: model, layers, layerMicroseconds: microseconds)))
        }
    }

    private mutating func export(_ id: RequestID, _ from: Int, _ end: Int) {
        let nothing = EngineAnswer.cacheExported(id, from: from, upTo: end, bytes: nil)
        submit(compute, otherwise: .engine(nothing)) { [engine] answers in
            let part = engine.exportPart(id, from: from, upTo: end)
            answers.post(
                .engine(
                    .cacheExported(
                        id, from: from, upTo: part?.positions.upperBound ?? end,
                        bytes: part?.bytes)))
        }
    }

    private func run(_ step: Step) {
        engine.submit(step)
        compute.wake()
    }
}

extension ModelStore {
    /// What the disk has of each piece of a model, as the node wants to know it.
    public func statuses(of manifest: ModelManifest) -> [PieceStatus] {
        manifest.pieces.map { piece in
            if isComplete(piece) { return .complete }
            guard let digests = chunkDigests(of: piece), let missing = try? missingChunks(of: piece)
            else { return .absent }
            let present = (0..<piece.chunkCount).filter { !missing.contains($0) }
            return .partial(chunkDigests: digests, presentChunks: present)
        }
    }
}
