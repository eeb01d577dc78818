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
            submit(compute) { [engine] _ in engine.unload(model) }
        case .openCache(let offer):
            submit(compute) { [engine] answers in
                var (refusal, keepsRows) = (StageRefusal?.none, false)
                do throws(StageRefusal) { keepsRows = try engine.open(offer) } catch {
                    refusal = error
                }
                answers.post(
                    .engine(.cacheOpened(offer.request, refusal, keepsRows: keepsRows)))
            }
        case .compute(_, let step): run(step)
        case .exportCache(let id, let from, let end): export(id, from, end)
        case .importCache(let id, let from, let bytes):
            submit(compute) { [engine] answers in
                let position = engine.take(bytes, at: from, for: id)
                answers.post(.engine(.cacheImported(id, position: position)))
            }
        case .closeCache(let id):
            submit(compute) { [engine] _ in engine.close(id) }
        case .readChunk(let token, let piece, let index):
            submit(disk) { [store] answers in
                let bytes = (try? store?.readChunk(index, of: piece)) ?? nil
                answers.post(.disk(.chunk(token, bytes)))
            }
        case .readChunkList(let token, let piece):
            submit(disk) { [store] answers in
                answers.post(.disk(.chunkList(token, store?.chunkDigests(of: piece))))
            }
        case .storeManifest(let manifest): storeManifest(manifest)
        case .storeChunkList(let piece, let digests):
            submit(disk) { [store] _ in _ = try? store?.begin(piece, chunkDigests: digests) }
        case .storeChunk(let piece, let index, let bytes):
            submit(disk) { [store] _ in _ = try? store?.store(bytes, chunk: index, of: piece) }
        case .completePiece(let model, let index, let piece):
            submit(disk) { [store] answers in
                let isWhole = store?.isComplete(piece) ?? false
                answers.post(.disk(.pieceStored(model, index, isWhole: isWhole)))
            }
        case .removePiece(let piece):
            submit(disk) { [store] _ in try? store?.remove(piece) }
        case .keepSeeds, .manifestFound, .pieceReady, .pieceFailed, .requestOpened,
            .requestWaiting, .requestMended, .requestRewound, .stepDone, .requestFailed,
            .accountArrived, .statesArrived, .note:
            return false
        }
        return true
    }

    private func storeManifest(_ signed: SignedManifest) {
        submit(disk) { [store] answers in
            let manifest = signed.manifest
            try? store?.add(signed)
            let none = Array(repeating: PieceStatus.absent, count: manifest.pieces.count)
            let pieces = store?.statuses(of: manifest) ?? none
            answers.post(.disk(.manifestStored(manifest.digest, pieces)))
        }
    }

    private func submit(
        _ thread: ComputeThread, _ job: @escaping @Sendable (Mailbox<LoopAnswer>) -> Void
    ) {
        let answers = answerBox
        // A refused job is a node far behind: requests time out at their entries, chunks are
        // asked for elsewhere.
        _ = thread.submit { job(answers) }
    }

    private func load(_ model: Digest, _ layers: LayerRange) {
        let manifest = node.manifest(model)?.manifest
        submit(compute) { [engine, store] answers in
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

    private func export(_ id: RequestID, _ from: Int, _ end: Int) {
        submit(compute) { [engine] answers in
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
