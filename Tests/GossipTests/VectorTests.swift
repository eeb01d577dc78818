import Foundation
import Gossip
import Identity
import Primitives
import Testing
import Wire

/// One of each message, the same in every run.
enum Vectors {
    struct Vector {
        let name: String
        let message: GossipMessage
    }

    private static func signed(_ seed: UInt64) -> SignedState {
        let keys = NodeKeys.seeded(seed)
        let record = NodeRecord(
            keys: keys, sequence: 3, addresses: [PeerAddress(192, 0, 2, 1, port: 4_242)],
            region: "eu")
        var state = NodeState(id: keys.id, sequence: 1_700_000_000_000)
        state.activeRequestCount = 2
        state.memoryMebibytes = 2_048
        state.layerMicroseconds = 350
        state.coordinate = Coordinate(axes: [1, -2, 300, -400], height: 15, error: 40)
        state.holdings = [
            Holding(
                model: Digest.of([1], for: .manifest), layers: LayerRange(0, 3), layerCount: 6,
                hasEnds: true)
        ]
        state.demands = [25]
        return SignedState(state, record: record, keys: keys)
    }

    static var messages: [Vector] {
        let (one, other) = (signed(1), signed(2))
        let line = DigestItem(prefix: 0x0102_0304_0506, sequence: 7, age: 9)
        let item = StateItem(hopCount: 1, age: 4, signed: other)
        return [
            Vector(name: "join", message: .join(one)),
            Vector(name: "forwardJoin", message: .forwardJoin(hopsLeft: 4, one)),
            Vector(name: "neighbor", message: .neighbor(.near, one)),
            Vector(name: "neighborReply", message: .neighborReply(isAccepted: true, one)),
            Vector(name: "disconnect", message: .disconnect),
            Vector(
                name: "shuffle",
                message: .shuffle(hopsLeft: 3, origin: one.record, [other.record])),
            Vector(name: "shuffleReply", message: .shuffleReply([one.record, other.record])),
            Vector(
                name: "probe",
                message: .probe(
                    number: 258, isNeighbor: true, sequence: 7, links: [line], far: [line, line])),
            Vector(name: "probeReply", message: .probeReply(number: 258, .reached)),
            Vector(
                name: "probeRequest", message: .probeRequest(number: 258, target: other.record.id)),
            Vector(name: "states", message: .states(answerCount: 1, [item])),
            Vector(name: "askStates", message: .askStates([0x0102_0304_0506])),
            Vector(name: "askAllStates", message: .askStates([])),
            Vector(name: "leave", message: .leave(one)),
        ]
    }

    static var file: URL {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Vectors/gossip.json")
    }
}

@Suite struct VectorTests {
    @Test func `every message has the bytes of its vector`() throws {
        if ProcessInfo.processInfo.environment["BORED_WRITE_VECTORS"] != nil {
            let lines = Vectors.messages.map {
                "  \"\($0.name)\": \"\(hexadecimal($0.message.encoded()))\""
            }
            let text = "{\n" + lines.joined(separator: ",\n") + "\n}\n"
            try text.write(to: Vectors.file, atomically: true, encoding: .utf8)
        }
        let data = try Data(contentsOf: Vectors.file)
        let table = try JSONDecoder().decode([String: String].self, from: data)
        #expect(table.count == Vectors.messages.count)
        for vector in Vectors.messages {
            let text = try #require(table[vector.name])
            #expect(hexadecimal(vector.message.encoded()) == text, "\(vector.name)")
            let raw = try #require(bytes(hexadecimal: text))
            #expect(try GossipMessage(decoding: raw) == vector.message)
        }
    }

    @Test func `a message with a count over its limit, a bad flag or a foreign kind is refused`() {
        let bad: [[UInt8]] = [
            [], [0x10], [0xFF], [0x21, 9], [0x22, 3], [0x23, 2], [0x24, 0], [0x2A, 4, 0],
            [0x2A, 0, 13], [0x2B, 65], [0x28, 1, 0, 0, 0, 3], [0x27, 0, 0, 0, 0, 2],
        ]
        for bytes in bad {
            #expect(throws: WireError.self) { try GossipMessage(decoding: bytes) }
        }
    }
}

@Suite struct CoordinateTests {
    @Test func `a prediction is the way between the axes and both heights`() {
        let one = Coordinate(axes: [0, 0, 0, 0], height: 10, error: 20)
        let other = Coordinate(axes: [300, 400, 0, 0], height: 5, error: 20)
        #expect(one.predictedRoundTrip(to: other) == .microseconds(5_150))
        #expect(other.predictedRoundTrip(to: one) == .microseconds(5_150))
        #expect(!Coordinate.unknown.isKnown)
        let far = Coordinate(axes: [.min, .min, .min, .min], height: .max, error: 0)
        let opposite = Coordinate(axes: [.max, .max, .max, .max], height: .max, error: 0)
        #expect(far.predictedRoundTrip(to: opposite) > .seconds(2))
    }

    @Test func `coordinates learn the distances of nodes on a line`() {
        let settings = GossipSettings()
        var cores: [Net.Slot] = []
        for index in 0..<8 {
            let keys = NodeKeys.seeded(UInt64(index) + 300, suite: .simulated)
            let record = NodeRecord(keys: keys, sequence: 1, addresses: [])
            let core = GossipCore(
                keys: keys, record: record, settings: settings, puzzleBitCount: 0,
                initialSequence: 1, seed: UInt64(index))
            cores.append(Net.Slot(core: core, record: record, keys: keys))
        }
        func roundTrip(_ one: Int, _ other: Int) -> Interval {
            .milliseconds(4 + 10 * abs(one - other))
        }
        var now = Instant.origin
        var random = SeededRandom(seed: 5)
        for _ in 0..<400 {
            for one in 0..<8 {
                let other = (one + 1 + random.below(7)) % 8
                var mail = Mail()
                cores[other].core.update(
                    record: cores[other].record, at: now, into: &mail)
                let item = StateItem(
                    hopCount: 0, age: 0, signed: cores[other].core.signedState)
                let bytes = GossipMessage.states(answerCount: nil, [item]).encoded()
                let id = cores[other].record.id
                cores[one].core.receive(bytes, from: id, at: now, into: &mail)
                cores[one].core.measured(roundTrip: roundTrip(one, other), to: id, at: now)
                while cores[one].core.nextEvent() != nil {}
                now = now + .seconds(1)
            }
        }
        var errors: [Double] = []
        for one in 0..<8 {
            for other in 0..<8 where one != other {
                let guess = cores[one].core.signedState.state.coordinate.predictedRoundTrip(
                    to: cores[other].core.signedState.state.coordinate)
                let truth = roundTrip(one, other)
                errors.append(abs(guess.seconds - truth.seconds) / truth.seconds)
            }
        }
        errors.sort()
        print("gossip: median error of coordinates \(errors[errors.count / 2])")
        #expect(errors[errors.count / 2] < 0.25)
    }
}
