import MeshNode
import Pipelines
import Primitives
import Shards
import Transformers
import Wire

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
                let isOpen = engine.open(offer)
                answers.post(.engine(.cacheOpened(offer.request, isOpen: isOpen)))
            }
        case .compute(_, let step): run(step)
        case .closeCache(let id):
            submit(compute) { [engine] _ in engine.close(id) }
        case .readChunk(let token, let root, let index):
            submit(disk) { [store] answers in
                answers.post(.disk(.chunk(token, try? store?.readChunk(root, index: index))))
            }
        case .readChunkList(let token, let root):
            submit(disk) { [store] answers in
                answers.post(.disk(.chunkList(token, try? store?.chunkDigests(root))))
            }
        case .storeManifest(let manifest):
            submit(disk) { [store] answers in
                let digest = manifest.manifest.digest
                let statuses = store.map { store in
                    try? store.store(manifest)
                    return store.statuses(of: manifest.manifest)
                }
                let none = Array(
                    repeating: PieceStatus.absent, count: manifest.manifest.pieces.count)
                answers.post(.disk(.manifestStored(digest, statuses ?? none)))
            }
        case .storeChunkList(let root, let digests):
            submit(disk) { [store] _ in try? store?.storeChunkDigests(digests, of: root) }
        case .storeChunk(let root, let index, let bytes):
            submit(disk) { [store] _ in try? store?.storeChunk(bytes, at: index, of: root) }
        case .completePiece(let model, let index, let root):
            submit(disk) { [store] answers in
                let isWhole = (try? store?.complete(root)) ?? false
                answers.post(.disk(.pieceStored(model, index, isWhole: isWhole)))
            }
        case .keepSeeds, .manifestFound, .pieceReady, .pieceFailed, .requestOpened, .stepDone,
            .requestFailed, .accountArrived, .statesArrived, .note:
            return false
        }
        return true
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
                    try? store.weights(of: manifest.piece(ofLayer: layer))
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

    private func run(_ step: Step) {
        submit(compute) { [engine] answers in
            let result = engine.run(step)
            answers.post(
                .engine(
                    .computed(
                        step.request, step, output: result?.output,
                        microseconds: result?.microseconds ?? 0)))
        }
    }
}
