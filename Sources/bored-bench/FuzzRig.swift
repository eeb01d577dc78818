import Identity
import MeshNode
import Pipelines
import Primitives
import Sessions
import Shards
import Wire

/// A few nodes joined by a pipe in virtual time; the first of them is the victim.
final class FuzzRig {
    final class Machine {
        var node: Node
        let address: PeerAddress

        init(_ node: consuming Node, at address: PeerAddress) {
            self.node = node
            self.address = address
        }
    }

    static let peerCount = 6
    private(set) var machines: [Machine] = []
    private(set) var now = Instant.origin + .seconds(1_000)
    private var outbox = Outbox()
    private var flights: [(bytes: [UInt8], from: PeerAddress, to: PeerAddress)] = []
    /// Datagrams that reached the victim: what packets look like.
    private(set) var captured: [[UInt8]] = []
    private let model: SignedManifest

    init(seed: UInt64) {
        let pieces = (0...4).map { index in
            let digest = Digest.of([UInt8(index)], for: .chunk)
            return PieceEntry(byteCount: 512, root: PieceEntry.root(of: [digest]))
        }
        let manifest = ModelManifest(
            name: "fuzzed", license: "none", layerCount: 4, hiddenSize: 4, shape: [],
            pieces: pieces)
        model = SignedManifest(manifest, keys: .seeded(seed, suite: .simulated))
        var random = SeededRandom(seed: seed)
        for index in 0...Self.peerCount { add(index, seed, &random) }
        run(for: .seconds(4))
        let digest = model.manifest.digest
        for machine in machines.prefix(2) {
            _ = machine.node.openRequest(
                model: digest, positionLimit: 8, patience: .seconds(1), at: now, into: &outbox)
            settle(machine)
        }
        run(for: .seconds(1))
    }

    var victim: Machine { machines[0] }
    var peers: ArraySlice<Machine> { machines.dropFirst() }

    private func add(_ index: Int, _ seed: UInt64, _ random: inout SeededRandom) {
        let keys = NodeKeys.seeded(seed &+ UInt64(index), suite: .simulated)
        let address = PeerAddress(10, 0, 0, UInt8(index + 1), port: 7_000)
        var settings = NodeSettings(swarm: SwarmKey(name: "fuzz"), firstSequence: 1_000)
        settings.suite = .simulated
        settings.puzzleBitCount = 0
        settings.sessions.puzzleBitCount = 0
        settings.memoryByteCount = 1 << 30
        settings.layerLimit = 2
        let machine = Machine(
            Node(
                keys: keys, addresses: [address], settings: settings,
                entropy: Bytes32(random: &random), seed: random.next(), at: now),
            at: address)
        machines.append(machine)
        let whole = Array(repeating: PieceStatus.complete, count: 5)
        machine.node.addModel(model, pieces: whole, isServed: true, at: now, into: &outbox)
        settle(machine)
        machine.node.meet([PeerAddress(10, 0, 0, 1, port: 7_000)], at: now, into: &outbox)
        settle(machine)
    }

    /// Lets the pipe and the timers run.
    func run(for interval: Interval) {
        let end = now + interval
        while now < end {
            for machine in machines where machine.node.nextDeadline <= now {
                machine.node.fire(at: now, into: &outbox)
                settle(machine)
            }
            let landing = flights
            flights = []
            for flight in landing {
                guard let machine = machines.first(where: { $0.address == flight.to }) else {
                    continue
                }
                if machine === victim, captured.count < 400 { captured.append(flight.bytes) }
                machine.node.receive(flight.bytes.span, from: flight.from, at: now, into: &outbox)
                settle(machine)
            }
            now = now + .milliseconds(1)
        }
    }

    /// Gives the victim a datagram; how many bytes it answers to that address.
    func throwPacket(_ bytes: [UInt8], from address: PeerAddress) -> Int {
        victim.node.receive(bytes.span, from: address, at: now, into: &outbox)
        return discard(to: address)
    }

    /// Gives the victim a message as though a peer's session had delivered it.
    func throwMessage(_ bytes: [UInt8], from peer: NodeID) {
        victim.node.receive(message: bytes, from: peer, at: now, into: &outbox)
        _ = discard(to: victim.address)
    }

    /// A moment passes at the victim alone.
    func tick() {
        now = now + .microseconds(500)
        guard victim.node.nextDeadline <= now else { return }
        victim.node.fire(at: now, into: &outbox)
        _ = discard(to: victim.address)
    }

    private func discard(to address: PeerAddress) -> Int {
        answerEffects(of: victim)
        var byteCount = 0
        outbox.drain { bytes, target in if target == address { byteCount += bytes.count } }
        return byteCount
    }

    private func settle(_ machine: Machine) {
        answerEffects(of: machine)
        outbox.drain { bytes, target in
            flights.append((bytes.indices.map { bytes[$0] }, machine.address, target))
        }
    }

    private func answerEffects(of machine: Machine) {
        while let effect = machine.node.nextEffect() {
            switch effect {
            case .load(let model, let layers):
                machine.node.layersLoaded(
                    model: model, layers: layers, layerMicroseconds: 100, at: now, into: &outbox)
            case .openCache(let offer):
                machine.node.cacheOpened(offer.request, refusal: nil, at: now, into: &outbox)
            case .compute(_, let step) where step.isNamed:
                machine.node.rowsNotKnown(step.request, step: step, at: now, into: &outbox)
            case .compute(_, let step):
                let output = step.rows.suffix(step.rows.count / step.rowCount * step.outputCount)
                machine.node.computed(
                    step.request, step: step, output: Array(output), microseconds: 1, at: now,
                    into: &outbox)
            case .requestOpened(let ticket, _):
                let rows = [UInt8](repeating: 1, count: 16)
                _ = machine.node.step(
                    ticket, position: 0, rowCount: 1, resultCount: 1, rows: rows, at: now,
                    into: &outbox)
            case .readChunk(let token, _, _):
                machine.node.chunkRead(
                    token, bytes: [UInt8](repeating: 3, count: 512), at: now, into: &outbox)
            case .readChunkList(let token, _):
                machine.node.chunkListRead(token, digests: nil, at: now, into: &outbox)
            default: break
            }
        }
    }
}
