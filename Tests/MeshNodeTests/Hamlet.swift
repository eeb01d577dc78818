import Identity
import MeshNode
import Pipelines
import Primitives
import Sessions
import Shards
import Wire

/// A model whose pieces are made of a seed: no arithmetic, but bytes that can be fetched.
struct PieceModel {
    let signed: SignedManifest
    let chunks: [Digest: [UInt8]]

    var digest: Digest { signed.manifest.digest }
    var pieces: [PieceEntry] { signed.manifest.pieces }
    static let pieceByteCount = 10_000

    init(name: String, layerCount: Int) {
        var chunks: [Digest: [UInt8]] = [:]
        var pieces: [PieceEntry] = []
        for index in 0...layerCount {
            let bytes =
                Array(name.utf8.prefix(8))
                + [UInt8](
                    repeating: UInt8(index), count: Self.pieceByteCount - min(8, name.utf8.count))
            let root = PieceEntry.root(of: [Digest.of(bytes, for: .chunk)])
            pieces.append(PieceEntry(byteCount: UInt64(bytes.count), root: root))
            chunks[root] = bytes
        }
        let manifest = ModelManifest(
            name: name, license: "", layerCount: layerCount, hiddenSize: 4, shape: [],
            pieces: pieces)
        signed = SignedManifest(manifest, keys: .seeded(99, suite: .simulated))
        self.chunks = chunks
    }
}

/// A few whole nodes a millisecond apart, without loss, with a disk behind each.
final class Hamlet {
    final class House {
        var node: Node
        let address: PeerAddress
        /// Pieces that are whole, by root; manifests that were stored.
        var disk: Set<Digest> = []
        var manifests: [SignedManifest] = []
        var notes: [NodeNote] = []
        var loaded: [Digest: LayerRange] = [:]
        /// Whether what is on the disk is what it should be.
        var canLoad = true
        /// Whether there is memory for another request's cache.
        var hasCacheRoom = true
        var openedCacheCount = 0
        var opened: [Ticket: [StageSeat]] = [:]
        var ended: [Ticket: RequestEnd] = [:]

        init(node: consuming Node, address: PeerAddress) {
            self.node = node
            self.address = address
        }
    }

    private(set) var houses: [House] = []
    private(set) var now = Instant(nanoseconds: 1_000_000_000)
    private let models: [PieceModel]
    private var outbox = Outbox()
    private var letters: [(at: Instant, from: PeerAddress, to: PeerAddress, bytes: [UInt8])] = []

    init(_ models: [PieceModel]) { self.models = models }

    @discardableResult
    func add(_ change: (inout NodeSettings) -> Void = { _ in }) -> Int {
        let index = houses.count
        let address = PeerAddress(10, 0, 0, UInt8(index), port: 7_777)
        var settings = NodeSettings(swarm: SwarmKey(name: "hamlet"), firstSequence: 1)
        settings.suite = .simulated
        settings.puzzleBitCount = 0
        settings.sessions.puzzleBitCount = 0
        settings.memoryByteCount = 1 << 30
        change(&settings)
        let keys = NodeKeys.seeded(UInt64(index) + 1, suite: .simulated)
        let node = Node(
            keys: keys, addresses: [address], settings: settings,
            entropy: Bytes32(first: UInt64(index), second: 0, third: 0, fourth: 0),
            seed: UInt64(index), at: now)
        houses.append(House(node: node, address: address))
        if index > 0 {
            act(index) { node, now, outbox in
                node.meet([PeerAddress(10, 0, 0, 0, port: 7_777)], at: now, into: &outbox)
            }
        }
        return index
    }

    /// Puts a model on a node's disk, all of it.
    func give(_ model: PieceModel, to index: Int, isServed: Bool = true, isKept: Bool = true) {
        houses[index].disk.formUnion(model.pieces.map(\.root))
        let pieces = Array(repeating: PieceStatus.complete, count: model.pieces.count)
        act(index) { node, now, outbox in
            node.addModel(
                model.signed, pieces: pieces, isServed: isServed, isKept: isKept, at: now,
                into: &outbox)
        }
    }

    func act(_ index: Int, _ body: (inout Node, Instant, inout Outbox) -> Void) {
        let house = houses[index]
        body(&house.node, now, &outbox)
        while let effect = house.node.nextEffect() { perform(effect, index) }
        outbox.drain { bytes, address in
            var copy: [UInt8] = []
            for offset in bytes.indices { copy.append(bytes[offset]) }
            letters.append((now + .milliseconds(1), house.address, address, copy))
        }
    }

    private func perform(_ effect: NodeEffect, _ index: Int) {
        let house = houses[index]
        switch effect {
        case .note(let note): house.notes.append(note)
        case .load(let model, let layers):
            if house.canLoad { house.loaded[model] = layers }
            house.node.layersLoaded(
                model: model, layers: layers, layerMicroseconds: house.canLoad ? 100 : nil,
                at: now, into: &outbox)
        case .unload(let model): house.loaded[model] = nil
        case .storeManifest(let signed):
            house.manifests.append(signed)
            let pieces = signed.manifest.pieces.map { piece in
                house.disk.contains(piece.root) ? PieceStatus.complete : .absent
            }
            house.node.manifestStored(
                signed.manifest.digest, pieces: pieces, at: now, into: &outbox)
        case .readChunk(let token, let piece, _):
            house.node.chunkRead(token, bytes: bytes(of: piece), at: now, into: &outbox)
        case .readChunkList(let token, let piece):
            let digests = bytes(of: piece).map { [Digest.of($0, for: .chunk)] }
            house.node.chunkListRead(token, digests: digests, at: now, into: &outbox)
        case .completePiece(let model, let pieceIndex, let piece):
            house.disk.insert(piece.root)
            house.node.pieceStored(
                model: model, pieceIndex: pieceIndex, isWhole: true, at: now, into: &outbox)
        case .openCache(let offer):
            house.openedCacheCount += house.hasCacheRoom ? 1 : 0
            house.node.cacheOpened(
                offer.request, refusal: house.hasCacheRoom ? nil : .memory, at: now,
                into: &outbox)
        case .requestOpened(let ticket, let seats): house.opened[ticket] = seats
        case .requestFailed(let ticket, let end): house.ended[ticket] = end
        case .removePiece(let piece): house.disk.remove(piece.root)
        default: break
        }
    }

    private func bytes(of piece: PieceEntry) -> [UInt8]? {
        models.lazy.compactMap { $0.chunks[piece.root] }.first
    }

    func run(_ time: Interval) {
        let end = now + time
        while true {
            let fire = houses.map { $0.node.nextDeadline }.min() ?? .never
            let next = min(fire, letters.first?.at ?? .never)
            guard next <= end else { break }
            now = max(now, next)
            if let letter = letters.first, letter.at <= now {
                letters.removeFirst()
                guard let index = houses.firstIndex(where: { $0.address == letter.to }) else {
                    continue
                }
                act(index) { node, now, outbox in
                    node.receive(letter.bytes.span, from: letter.from, at: now, into: &outbox)
                }
            } else {
                for index in houses.indices where houses[index].node.nextDeadline <= now {
                    act(index) { node, now, outbox in node.fire(at: now, into: &outbox) }
                }
            }
        }
        now = end
    }
}
