import Identity
import Primitives
import Runtime
import Sessions
import Wire

/// Two session cores in one process, datagrams handed over without a socket.
struct SessionPair: ~Copyable {
    private var cores: [2 of Box]
    private let records: [NodeRecord]
    private let addresses = [
        PeerAddress(127, 0, 0, 1, port: 1), PeerAddress(127, 0, 0, 1, port: 2),
    ]
    private var outbox = Outbox()
    var messageCount = 0
    var byteCount = 0

    final class Box {
        var core: SessionCore
        init(_ core: consuming SessionCore) { self.core = core }
    }

    init(seed: UInt64) {
        let keys = [NodeKeys.seeded(seed), NodeKeys.seeded(seed + 1)]
        let addresses = addresses
        let records = keys.indices.map {
            NodeRecord(keys: keys[$0], sequence: 1, addresses: [addresses[$0]])
        }
        self.records = records
        cores = [2 of Box] { index in
            var settings = SessionSettings(swarm: SwarmKey(name: "bench"))
            settings.puzzleBitCount = 0
            var random = SeededRandom(seed: seed + UInt64(index))
            return Box(
                SessionCore(
                    keys: keys[index], record: records[index], settings: settings,
                    entropy: Bytes32(random: &random), at: SystemClock.now()))
        }
    }

    /// Carries datagrams until nothing is under way, or `limit` rounds.
    mutating func carry(limit: Int = 1_000) {
        for _ in 0..<limit {
            var moved = 0
            for index in 0..<2 {
                let now = SystemClock.now()
                if cores[index].core.nextDeadline <= now {
                    cores[index].core.fire(at: now, into: &outbox)
                }
                moved += deliver(from: index)
            }
            if moved == 0 { return }
        }
    }

    private mutating func deliver(from index: Int) -> Int {
        var waiting: [[UInt8]] = []
        outbox.drain { bytes, _ in waiting.append(bytes.indices.map { bytes[$0] }) }
        let target = cores[1 - index]
        for bytes in waiting {
            target.core.receive(
                bytes.span, from: addresses[index], at: SystemClock.now(), into: &outbox)
            // What the target wrote travels back in its own turn.
        }
        while let event = target.core.nextEvent() {
            if case .message(_, let bytes) = event {
                messageCount += 1
                byteCount += bytes.count
            }
        }
        return waiting.count
    }

    mutating func connect() {
        cores[0].core.connect(
            to: records[1], address: addresses[1], at: SystemClock.now(), into: &outbox)
        carry()
    }

    mutating func send(_ bytes: [UInt8], priority: Priority) {
        _ = cores[0].core.send(
            bytes, to: records[1].id, priority: priority, at: SystemClock.now(), into: &outbox)
    }

    var isConnected: Bool { cores[0].core.isEstablished(records[1].id) }
}

enum SessionBench {
    static func run() {
        var connected = 0
        let count = 200
        let time = seconds {
            for index in 0..<count {
                var pair = SessionPair(seed: UInt64(1_000 + 2 * index))
                pair.connect()
                connected += pair.isConnected ? 1 : 0
            }
        }
        report(
            "handshakes, both sides and their keys",
            "\(rounded(Double(connected) / time)) per second (\(connected) of \(count))")
        var pair = SessionPair(seed: 1)
        pair.connect()
        let small = [UInt8](repeating: 7, count: 100)
        let messages = seconds {
            for _ in 0..<20_000 {
                pair.send(small, priority: .activation)
                pair.carry()
            }
        }
        report(
            "messages of 100 bytes, one after the other, acknowledged",
            "\(rounded(Double(pair.messageCount) / messages)) per second")
    }
}
