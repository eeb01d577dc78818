import Identity
import Primitives
import Sessions
import Testing

struct HandshakeTests {
    @Test func `an address alone is enough to be introduced`() {
        let world = World(seed: 1)
        let (a, b) = (world.add(1), world.add(2))
        world.with(a) { $0.inquire(b.address, at: world.now, into: &$1) }
        world.run(for: .seconds(1))
        #expect(a.introduced == [b.record])
        #expect(a.silent.isEmpty)
    }

    @Test func `an inquiry that nobody answers gives up after five tries`() {
        let world = World(seed: 1)
        let a = world.add(1)
        var tries: [UInt64] = []
        let start = world.now
        world.filter = { flight in
            tries.append(flight.at.since(start).milliseconds)
            return true
        }
        let nobody = PeerAddress(10, 9, 9, 9, port: 1)
        world.with(a) { $0.inquire(nobody, at: world.now, into: &$1) }
        world.run(for: .seconds(10))
        #expect(tries == [0, 250, 500, 1_000, 2_000])
        #expect(a.silent == [nobody])
    }

    @Test func `a node of another swarm says nothing at all`() {
        let world = World(seed: 1)
        let a = world.add(1)
        var settings = SessionSettings(swarm: SwarmKey(name: "other"))
        settings.puzzleBitCount = 0
        let b = world.add(2, settings: settings)
        var replies = 0
        world.filter = { flight in
            if flight.from == b.address { replies += 1 }
            return true
        }
        world.with(a) { $0.inquire(b.address, at: world.now, into: &$1) }
        world.connect(a, to: b)
        #expect(world.send([1], from: a, to: b) == .accepted)
        world.run(for: .seconds(10))
        #expect(replies == 0)
        #expect(a.silent == [b.address])
        #expect(a.unreachable == [b.id])
        #expect(b.core.counters.droppedOtherSwarm == 5)
        #expect(b.core.counters.droppedWrongMAC == 5)
        #expect((a.core.isKnown(b.id)) == false)
    }

    @Test func `an id without its work is refused by both roles`() {
        let world = World(seed: 1)
        let weak = world.add(1)
        var settings = world.settings()
        settings.puzzleBitCount = 20
        let strict = world.add(2, settings: settings)
        world.connect(weak, to: strict)
        world.connect(strict, to: weak)
        world.run(for: .seconds(10))
        #expect(weak.established.isEmpty && strict.established.isEmpty)
        #expect(strict.core.counters.droppedWrongRecord > 0)
    }

    @Test func `crossing initiations end in one session`() {
        for seed in UInt64(1)...30 {
            let world = World(seed: seed)
            world.weather = Weather(
                loss: 200_000, duplication: 100_000, delay: .milliseconds(5),
                jitter: .milliseconds(300))
            let (a, b) = (world.add(1), world.add(2))
            world.connect(a, to: b)
            world.run(for: .milliseconds(Int(seed) * 5))
            world.connect(b, to: a)
            world.send([1], from: a, to: b)
            world.send([2], from: b, to: a)
            let met = world.run(for: .seconds(30)) { !a.messages.isEmpty && !b.messages.isEmpty }
            let gaveUp = !a.unreachable.isEmpty || !b.unreachable.isEmpty
            #expect(met || gaveUp || !a.closed.isEmpty || !b.closed.isEmpty, "seed \(seed)")
            world.weather = Weather()
            world.run(for: .seconds(20))
            world.connect(a, to: b)
            world.run(for: .seconds(5))
            a.messages = []
            b.messages = []
            world.send([3], from: a, to: b)
            world.send([4], from: b, to: a)
            world.run(for: .seconds(2))
            #expect(a.messages.map(\.bytes) == [[4]], "seed \(seed)")
            #expect(b.messages.map(\.bytes) == [[3]], "seed \(seed)")
        }
    }

    @Test func `crossing initiations on a clear line make exactly one session on each side`() {
        let world = World(seed: 1)
        let (a, b) = (world.add(1), world.add(2))
        world.connect(a, to: b)
        world.connect(b, to: a)
        world.run(for: .seconds(5))
        #expect(a.established == [b.id] && b.established == [a.id])
        #expect(a.closed.isEmpty && b.closed.isEmpty)
    }

    @Test func `a restarted peer replaces its old session`() {
        let world = World(seed: 1)
        let (a, b) = world.pair()
        world.nodes.removeLast()
        let reborn = world.add(2, sequence: 2, entropy: 1)
        world.connect(reborn, to: a)
        world.send([7], from: reborn, to: a)
        world.run(for: .seconds(2))
        #expect(a.closed.map(\.1) == [.replaced])
        #expect(a.established == [b.id, b.id])
        #expect(a.messages.map(\.bytes) == [[7]])
        #expect(a.core.record(of: b.id)?.sequence == 2)
        #expect(world.send([8], from: a, to: reborn) == .accepted)
        world.run(for: .seconds(1))
        #expect(reborn.messages.map(\.bytes) == [[8]])
    }

    @Test func `a handshake on its way to an old address turns to where the peer is now`() {
        let world = World(seed: 1)
        let (a, b) = (world.add(1), world.add(2))
        let gone = PeerAddress(10, 8, 8, 8, port: 1)
        let stale = NodeRecord(keys: b.keys, sequence: 0, addresses: [gone])
        world.with(a) { $0.connect(to: stale, address: nil, at: world.now, into: &$1) }
        world.run(for: .milliseconds(100))
        world.connect(a, to: b)
        #expect(world.run(for: .milliseconds(50)) { a.established == [b.id] })
        #expect(a.closed.isEmpty && a.unreachable.isEmpty)
    }

    @Test func `who tells of a known address again does not delay the handshake`() {
        let world = World(seed: 1)
        let (a, b) = (world.add(1), world.add(2))
        world.filter = { $0.to != b.address }
        world.connect(a, to: b)
        for _ in 0..<37 {
            world.run(for: .milliseconds(100))
            world.connect(a, to: b)
        }
        world.run(for: .milliseconds(100))
        #expect(a.core.counters.handshakesStarted == 5)
        #expect(a.unreachable == [b.id])
    }

    @Test func `news of a peer's new life make a new session with it`() {
        for moves in [false, true] {
            let world = World(seed: 1)
            let (a, b) = world.pair()
            world.nodes.removeLast()
            let reborn = world.add(moves ? 3 : 2, keys: 2, sequence: 2, entropy: 1)
            world.with(a) { $0.learn(reborn.record, at: world.now, into: &$1) }
            #expect(world.run(for: .milliseconds(600)) { a.closed.map(\.1) == [.replaced] })
            #expect(a.established == [b.id, b.id])
            #expect(world.send([8], from: a, to: reborn) == .accepted)
            world.run(for: .milliseconds(100))
            #expect(reborn.messages.map(\.bytes) == [[8]])
        }
    }

    @Test func `a newer record of a peer that lives on costs its session nothing`() {
        let world = World(seed: 1)
        let (a, b) = world.pair()
        let newer = NodeRecord(keys: b.keys, sequence: 2, addresses: [b.address])
        world.send([1], from: a, to: b)
        world.with(a) { $0.learn(newer, at: world.now, into: &$1) }
        world.send([2], from: a, to: b)
        world.run(for: .seconds(1))
        #expect(b.messages.map(\.bytes) == [[1], [2]])
        #expect(a.core.counters.rekeys == 1 && a.closed.isEmpty && b.closed.isEmpty)
    }

    @Test func `what is sent to a peer that moved waits for the session with its new life`() {
        let world = World(seed: 1)
        let (a, b) = world.pair()
        world.nodes.removeLast()
        let reborn = world.add(3, keys: 2, sequence: 2, entropy: 1)
        world.connect(a, to: reborn)
        #expect(world.send([8], from: a, to: reborn) == .accepted)
        world.run(for: .milliseconds(100))
        #expect(reborn.messages.map(\.bytes) == [[8]])
        #expect(a.established == [b.id, b.id] && a.closed.isEmpty)
    }

    @Test func `a handshake with a silent peer gives up within four seconds`() {
        let world = World(seed: 1)
        let (a, b) = (world.add(1), world.add(2))
        world.filter = { $0.to != b.address }
        world.connect(a, to: b)
        #expect(world.send([1], from: a, to: b) == .accepted)
        #expect(world.run(for: .milliseconds(4_000)) { a.unreachable == [b.id] })
        #expect(world.send([1], from: a, to: b) == .noSession)
        #expect(a.core.nextDeadline == .never)
    }

    @Test func `every address of a record is tried`() {
        let world = World(seed: 1)
        let (a, b) = (world.add(1), world.add(2))
        let dead = PeerAddress(10, 8, 8, 8, port: 1)
        let record = NodeRecord(
            keys: b.keys, sequence: 1,
            addresses: [dead, PeerAddress(10, 8, 8, 9, port: 2), b.address])
        world.with(a) { $0.connect(to: record, address: dead, at: world.now, into: &$1) }
        world.run(for: .seconds(1))
        #expect(a.established == [b.id])
        #expect(a.core.address(of: b.id) == b.address)
    }

    @Test func `under load strangers must show a cookie and still get in`() {
        let world = World(seed: 1)
        var settings = world.settings()
        settings.handshakesBeforeCookies = 5
        let server = world.add(1, settings: settings)
        let others = (2..<42).map { world.add(UInt64($0)) }
        for other in others { world.connect(other, to: server) }
        world.run(for: .seconds(4))
        #expect(server.core.counters.cookiesSent > 20)
        #expect(others.allSatisfy { $0.established == [server.id] })
        #expect(server.established.count == 40)
    }

    @Test(arguments: [50, Int.max])
    func `five hundred who come at one moment are all served, and none is dropped again`(
        handshakesBeforeCookies: Int
    ) {
        let world = World(seed: 1)
        var settings = world.settings()
        settings.handshakesBeforeCookies = handshakesBeforeCookies
        let server = world.add(1, settings: settings)
        let others = (2..<502).map { world.add(UInt64($0)) }
        for other in others {
            world.connect(other, to: server)
            world.send([1], from: other, to: server)
        }
        world.run(for: .seconds(1))
        #expect(server.core.counters.droppedTableFull > 0)
        #expect(server.established.count == 500)
        #expect(Set(server.messages.map(\.from)).count == 500)
        // Long enough for a peer that waits in vain to notice.
        world.run(for: .seconds(5))
        #expect(server.closed.isEmpty && others.allSatisfy { $0.closed.isEmpty })
    }

    @Test func `handshakes that nobody confirms do not keep others out for long`() {
        let world = World(seed: 1)
        var settings = world.settings()
        settings.handshakesBeforeCookies = .max
        let server = world.add(1, settings: settings)
        let mute = (2..<258).map { world.add(UInt64($0)) }
        // Initiations come, confirmations don't.
        world.filter = { $0.to != server.address || $0.bytes[0] == 1 }
        for other in mute { world.connect(other, to: server) }
        world.run(for: .milliseconds(20))
        world.filter = { flight in
            !mute.contains { $0.address == flight.from || $0.address == flight.to }
        }
        let honest = world.add(300)
        world.connect(honest, to: server)
        world.run(for: .milliseconds(500))
        #expect(honest.established.isEmpty)
        world.run(for: .seconds(2))
        #expect(honest.established == [server.id] && server.established == [honest.id])
    }

    @Test func `a flood from one address does not keep others out`() {
        let world = World(seed: 1)
        var settings = world.settings()
        settings.handshakesBeforeCookies = 5
        let server = world.add(1, settings: settings)
        let flooder = world.add(2)
        // A hundred captured first packets a second, from one address, none with a cookie.
        var captured: [UInt8] = []
        world.filter = { flight in
            if flight.from == flooder.address, flight.bytes[0] == 1 { captured = flight.bytes }
            return true
        }
        world.connect(flooder, to: server)
        world.run(for: .milliseconds(500))
        world.filter = { _ in true }
        for _ in 0..<100 {
            world.launch(captured, from: flooder.address, to: server.address)
        }
        world.run(for: .milliseconds(20))
        let honest = world.add(3)
        world.connect(honest, to: server)
        world.run(for: .milliseconds(100))
        #expect(honest.established == [server.id])
        #expect(honest.core.counters.cookiesReceived == 1)
        #expect(server.core.counters.droppedReplayed > 0)
    }

    @Test func `no reply to an unproven address is longer than what it answers`() {
        let world = World(seed: 1)
        var settings = world.settings()
        settings.handshakesBeforeCookies = 2
        let server = world.add(1, settings: settings)
        let region = String(repeating: "x", count: 8)
        let addresses = (0..<4).map { PeerAddress(10, 0, 0, UInt8($0), port: 9) }
        let longest = NodeRecord(
            keys: server.keys, sequence: 2, addresses: addresses, region: region)
        world.with(server) { core, _ in core.update(record: longest) }
        var received: [PeerAddress: Int] = [:]
        var proven: Set<PeerAddress> = []
        world.filter = { flight in
            if flight.to == server.address {
                if flight.bytes[0] == 4 { proven.insert(flight.from) }
                received[flight.from, default: 0] += flight.bytes.count
            } else if !proven.contains(flight.to) {
                received[flight.to, default: 0] -= flight.bytes.count
                #expect(received[flight.to, default: 0] >= 0)
            }
            return true
        }
        for seed in UInt64(2)..<12 {
            let other = world.add(seed)
            world.with(other) { $0.inquire(server.address, at: world.now, into: &$1) }
            world.connect(other, to: server)
        }
        world.run(for: .seconds(5))
        #expect(server.established.count == 10)
        #expect(server.core.counters.cookiesSent > 0)
    }
}
