import Identity
import MeshNode
import Pipelines
import Primitives
import Sessions
import Shards
import Wire

/// A node of the pipe, its shell, and what it told.
final class Peer {
    let keys: NodeKeys
    let address: PeerAddress
    var node: Node
    /// Whether its shell has room for a KV cache.
    var opensCaches = true
    var notes: [NodeNote] = []
    var opened: [Ticket: [StageSeat]] = [:]
    var failed: [Ticket: RequestEnd] = [:]
    var done: [Step] = []
    var accounts: [StageAccount] = []
    var found: [SignedManifest] = []
    var stored: [SignedManifest] = []
    var seeds: [NodeRecord] = []
    var openCacheCount = 0
    /// What its socket keeps for it while it sleeps; nil while it is awake.
    fileprivate var kept: [Flight]?
    /// How far its clock is ahead of the others'.
    fileprivate var clockLead = Interval.zero
    var computeCount = 0

    init(keys: NodeKeys, address: PeerAddress, node: consuming Node) {
        self.keys = keys
        self.address = address
        self.node = node
    }

    var id: NodeID { keys.id }
    func knows(_ other: Peer) -> Bool { node.knownStates.contains { $0.state.id == other.id } }
    func has(_ other: Peer) -> Bool { node.hasPeer(other.id) }
    func loaded(_ model: Digest) -> LayerRange? {
        node.ownState.holding(of: model).map(\.layers).flatMap { $0.isEmpty ? nil : $0 }
    }
}

/// A datagram on its way.
private struct Flight {
    var at: Instant
    var from: PeerAddress
    var to: PeerAddress
    var bytes: [UInt8]
}

/// Nodes joined by a pipe of five milliseconds, in virtual time, with a shell for each that answers
/// at once.
final class Pipe {
    static let layerCount = 4
    private(set) var peers: [Peer] = []
    private(set) var now = Instant.origin + .seconds(100)
    var outbox = Outbox()
    /// Addresses from which and to which nothing comes through.
    var cut: Set<PeerAddress> = []
    /// When each datagram left, from where, to where.
    private(set) var log: [(at: Instant, from: PeerAddress, to: PeerAddress)] = []
    private var flights: [Flight] = []

    let model: SignedManifest = {
        let pieces = (0...Pipe.layerCount).map { index in
            PieceEntry(
                byteCount: 4_096,
                root: PieceEntry.root(of: [Digest.of([UInt8(index)], for: .chunk)]))
        }
        let manifest = ModelManifest(
            name: "pipe", license: "none", layerCount: Pipe.layerCount, hiddenSize: 4, shape: [],
            pieces: pieces)
        return SignedManifest(manifest, keys: .seeded(99, suite: .simulated))
    }()

    var digest: Digest { model.manifest.digest }

    /// A node at 10.0.0.`number`. It says it is there, unless `isSilentOnAddress`.
    func add(
        _ number: UInt8, meeting others: [PeerAddress] = [], flags: RecordFlags = [],
        layers: Int? = nil, isSilentOnAddress: Bool = false, sequence: UInt64 = 1_000
    ) -> Peer {
        let keys = NodeKeys.seeded(UInt64(number), suite: .simulated)
        let address = PeerAddress(10, 0, 0, number, port: 4_000)
        var settings = NodeSettings(swarm: SwarmKey(name: "pipe"), firstSequence: sequence)
        settings.suite = .simulated
        settings.puzzleBitCount = 0
        settings.sessions.puzzleBitCount = 0
        settings.flags = flags
        settings.memoryByteCount = 1 << 20
        settings.layerLimit = layers
        var random = SeededRandom(seed: UInt64(number) + sequence)
        let peer = Peer(
            keys: keys, address: address,
            node: Node(
                keys: keys, addresses: isSilentOnAddress ? [] : [address], settings: settings,
                entropy: Bytes32(random: &random), seed: random.next(), at: now))
        peers.append(peer)
        if layers != nil {
            with(peer) {
                $0.addModel(
                    self.model, pieces: Array(repeating: .complete, count: Pipe.layerCount + 1),
                    isServed: true, at: self.now, into: &$1)
            }
        }
        if !others.isEmpty { with(peer) { $0.meet(others, at: self.now, into: &$1) } }
        return peer
    }

    /// The power goes: nothing more is sent, and nobody is told.
    func remove(_ peer: Peer) { peers.removeAll { $0 === peer } }

    /// Speaks to a node, answers what it asks of its shell, and sends what it wants sent.
    @discardableResult
    func with<Result>(_ peer: Peer, _ body: (inout Node, inout Outbox) -> Result) -> Result {
        let result = body(&peer.node, &outbox)
        while let effect = peer.node.nextEffect() { perform(effect, for: peer) }
        outbox.drain { bytes, target in
            log.append((now, peer.address, target))
            let copy = bytes.indices.map { bytes[$0] }
            flights.append(
                Flight(
                    at: now + .milliseconds(5), from: peer.address, to: target, bytes: copy))
        }
        return result
    }

    /// Runs for a time, or until `isDone` says so; whether it did.
    @discardableResult
    func run(for interval: Interval, until isDone: () -> Bool = { false }) -> Bool {
        let end = now + interval
        while !isDone() {
            let arrival = flights.first?.at ?? .never
            let timer = peers.reduce(Instant.never) { min($0, deadline(of: $1)) }
            guard min(arrival, timer) <= end else {
                now = end
                return isDone()
            }
            now = max(now, min(arrival, timer))
            if arrival <= timer {
                arrive(flights.removeFirst())
            } else {
                for peer in peers where deadline(of: peer) <= now {
                    with(peer) { $0.fire(at: self.now + peer.clockLead, into: &$1) }
                }
            }
        }
        return true
    }

    /// When a peer's timers want to be fired, by the clock of the pipe.
    private func deadline(of peer: Peer) -> Instant {
        let deadline = peer.node.nextDeadline
        guard peer.kept == nil, deadline != .never else { return .never }
        return Instant.origin + max(.zero, deadline.since(.origin) - peer.clockLead)
    }

    /// The lid is closed: nothing happens there, and its socket keeps what fits.
    func sleep(_ peer: Peer) { peer.kept = peer.kept ?? [] }

    func wake(_ peer: Peer) {
        let kept = peer.kept ?? []
        peer.kept = nil
        for flight in kept { arrive(flight) }
    }

    /// A peer's clock jumps ahead of the others'.
    func moveClock(of peer: Peer, ahead time: Interval) { peer.clockLead = peer.clockLead + time }

    private func arrive(_ flight: Flight) {
        guard !cut.contains(flight.from), !cut.contains(flight.to),
            let peer = peers.first(where: { $0.address == flight.to })
        else { return }
        if let kept = peer.kept {
            if kept.count < 256 { peer.kept?.append(flight) }
            return
        }
        with(peer) {
            $0.receive(
                flight.bytes.span, from: flight.from, at: self.now + peer.clockLead, into: &$1)
        }
    }

    private func perform(_ effect: NodeEffect, for peer: Peer) {
        let now = now + peer.clockLead
        switch effect {
        case .load(let model, let layers):
            peer.node.layersLoaded(
                model: model, layers: layers, layerMicroseconds: 100, at: now, into: &outbox)
        case .openCache(let offer):
            peer.openCacheCount += 1
            peer.node.cacheOpened(
                offer.request, isOpen: peer.opensCaches, at: now, into: &outbox)
        case .compute(let offer, let step):
            peer.computeCount += 1
            peer.node.computed(
                step.request, step: step, output: Pipe.run(offer.layers, step.rows),
                microseconds: 10, at: now, into: &outbox)
        case .storeManifest(let manifest):
            peer.stored.append(manifest)
            peer.node.manifestStored(
                manifest.manifest.digest,
                pieces: Array(repeating: .absent, count: manifest.manifest.pieces.count), at: now,
                into: &outbox)
        case .manifestFound(let manifest): peer.found.append(manifest)
        case .requestOpened(let ticket, let seats): peer.opened[ticket] = seats
        case .requestFailed(let ticket, let end): peer.failed[ticket] = end
        case .stepDone(_, let step): peer.done.append(step)
        case .accountArrived(_, let account): peer.accounts.append(account)
        case .keepSeeds(let records): peer.seeds = records
        case .note(let note): peer.notes.append(note)
        default: break
        }
    }

    /// What layers make of rows here: each multiplies every byte and adds its own number.
    static func run(_ layers: LayerRange, _ rows: [UInt8]) -> [UInt8] {
        layers.range.reduce(rows) { rows, layer in rows.map { $0 &* 3 &+ UInt8(layer) } }
    }

    func open(_ peer: Peer, patience: Interval = .seconds(2), model: Digest? = nil) -> Ticket {
        with(peer) {
            $0.openRequest(
                model: model ?? self.digest, positionLimit: 16, patience: patience, at: self.now,
                into: &$1)
        }
    }
}
