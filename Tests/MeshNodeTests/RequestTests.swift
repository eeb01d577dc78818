import Identity
import MeshNode
import Pipelines
import Primitives
import Shards
import Testing
import Wire

/// Models that are looked for, layers that are shared out, requests and their ends.
@Suite struct RequestTests {
    /// Holders of so many layers each, and an entry that holds none; all layers are covered.
    private func village(
        _ pipe: Pipe, holders: ClosedRange<UInt8> = 1...2, layers: Int = 2
    ) -> (Peer, [Peer]) {
        var peers: [Peer] = []
        for number in holders {
            let meeting = peers.first.map { [$0.address] } ?? []
            peers.append(pipe.add(number, meeting: meeting, layers: layers))
        }
        let entry = pipe.add(20, meeting: [peers[0].address])
        let isCovered = pipe.run(for: .seconds(20)) {
            peers.allSatisfy { $0.loaded(pipe.digest) != nil && entry.knows($0) }
                && (0..<Pipe.layerCount).allSatisfy { layer in
                    peers.contains { $0.loaded(pipe.digest)?.contains(layer) ?? false }
                }
                && entry.node.manifest(pipe.digest) != nil
        }
        #expect(isCovered)
        pipe.run(for: .seconds(2))
        return (entry, peers)
    }

    @Test func `a model is found by its name and by its digest`() {
        let pipe = Pipe()
        let holder = pipe.add(1, layers: 4)
        let byName = pipe.add(2, meeting: [holder.address])
        let byDigest = pipe.add(3, meeting: [holder.address])
        pipe.with(byName) { $0.findModel(.name("pipe"), isServed: false, at: pipe.now, into: &$1) }
        pipe.with(byDigest) {
            $0.findModel(.digest(pipe.digest), isServed: false, at: pipe.now, into: &$1)
        }
        let areFound = pipe.run(for: .seconds(10)) {
            !byName.found.isEmpty && !byDigest.found.isEmpty
        }
        #expect(areFound)
        #expect(byName.found == [pipe.model] && byDigest.found == [pipe.model])
        #expect(byName.stored == [pipe.model])
    }

    @Test func `a model that nobody has is looked for until somebody brings it`() {
        let pipe = Pipe()
        let first = pipe.add(1)
        let seeker = pipe.add(2, meeting: [first.address])
        pipe.with(seeker) { $0.findModel(.name("pipe"), isServed: false, at: pipe.now, into: &$1) }
        pipe.run(for: .seconds(20))
        #expect(seeker.found.isEmpty)
        _ = pipe.add(3, meeting: [first.address], layers: 4)
        #expect(pipe.run(for: .seconds(20)) { seeker.found == [pipe.model] })
    }

    @Test func `a request runs over the stages and comes back with their accounts`() {
        let pipe = Pipe()
        let (entry, holders) = village(pipe)
        let ticket = pipe.open(entry)
        #expect(pipe.run(for: .seconds(3)) { entry.opened[ticket] != nil })
        let seats = entry.opened[ticket] ?? []
        #expect(seats.map(\.layers) == [LayerRange(0, 2), LayerRange(2, 4)])
        #expect(Set(seats.map(\.node)) == Set(holders.map(\.id)))
        let rows = (0..<32).map { UInt8($0) }
        let isSent = pipe.with(entry) {
            $0.step(
                ticket, position: 0, rowCount: 2, resultCount: 2, rows: rows, at: pipe.now,
                into: &$1)
        }
        #expect(isSent && pipe.run(for: .seconds(1)) { !entry.done.isEmpty })
        #expect(entry.done[0].rows == Pipe.run(LayerRange(0, 4), rows))
        pipe.with(entry) { $0.closeRequest(ticket, at: pipe.now, into: &$1) }
        #expect(pipe.run(for: .seconds(2)) { entry.accounts.count == 2 })
        #expect(entry.failed.isEmpty)
    }

    @Test func `a holder that refuses is done without where another holds its layers`() {
        let pipe = Pipe()
        let (entry, holders) = village(pipe, holders: 1...3, layers: 4)
        let first = pipe.open(entry)
        #expect(pipe.run(for: .seconds(3)) { entry.opened[first] != nil })
        let chosen = (entry.opened[first] ?? []).map(\.node)
        pipe.with(entry) { $0.closeRequest(first, at: pipe.now, into: &$1) }
        pipe.run(for: .seconds(1))
        for holder in holders where chosen.contains(holder.id) { holder.opensCaches = false }
        let second = pipe.open(entry, patience: .seconds(5))
        #expect(pipe.run(for: .seconds(5)) { entry.opened[second] != nil })
        let others = (entry.opened[second] ?? []).map(\.node)
        #expect(!others.isEmpty && others.allSatisfy { !chosen.contains($0) })
    }

    @Test func `where every holder refuses, the request ends with a reason and not at once`() {
        let pipe = Pipe()
        let (entry, holders) = village(pipe)
        for holder in holders { holder.opensCaches = false }
        let ticket = pipe.open(entry, patience: .seconds(3))
        #expect(pipe.run(for: .seconds(60)) { entry.failed[ticket] != nil })
        #expect(entry.opened.isEmpty)
        #expect(holders.reduce(0) { $0 + $1.openCacheCount } > 2)
    }

    @Test func `missing layers are waited for, and then named`() {
        let pipe = Pipe()
        let half = pipe.add(1, layers: 2)
        let entry = pipe.add(2, meeting: [half.address])
        pipe.run(for: .seconds(10)) { entry.knows(half) && half.loaded(pipe.digest) != nil }
        pipe.run(for: .seconds(2))
        let held = half.loaded(pipe.digest) ?? LayerRange(0, 0)
        #expect(held.count == 2)
        let ticket = pipe.open(entry, patience: .seconds(4))
        pipe.run(for: .milliseconds(3_900))
        #expect(entry.failed.isEmpty)
        #expect(pipe.run(for: .seconds(2)) { entry.failed[ticket] != nil })
        guard case .layersMissing(let missing) = entry.failed[ticket] else {
            Issue.record("ended by \(String(describing: entry.failed[ticket]))")
            return
        }
        let layers = missing.flatMap { Array($0.range) }
        #expect(layers == (0..<Pipe.layerCount).filter { !held.contains($0) })
    }

    @Test func `layers that come while a request waits are used`() {
        let pipe = Pipe()
        let half = pipe.add(1, layers: 2)
        let entry = pipe.add(2, meeting: [half.address])
        pipe.run(for: .seconds(10)) { entry.knows(half) && half.loaded(pipe.digest) != nil }
        pipe.run(for: .seconds(2))
        let ticket = pipe.open(entry, patience: .seconds(60))
        pipe.run(for: .seconds(1))
        _ = pipe.add(3, meeting: [half.address], layers: 4)
        #expect(pipe.run(for: .seconds(50)) { entry.opened[ticket] != nil })
    }

    @Test func `a model that is not known ends a request at once`() {
        let pipe = Pipe()
        let entry = pipe.add(1)
        let ticket = pipe.open(entry, model: Digest(.zero))
        #expect(entry.failed == [ticket: .unknownModel])
    }

    @Test func `more requests than a node serves at once end at once`() {
        let pipe = Pipe()
        let half = pipe.add(1, layers: 2)
        pipe.run(for: .seconds(5))
        let tickets = (0...Limits.entryRequestCount).map { _ in
            pipe.open(half, patience: .minutes(1))
        }
        #expect(half.failed == [tickets[Limits.entryRequestCount]: .tooMany])
    }

    @Test func `a stage that leaves in order is taken from no chain any more`() {
        let pipe = Pipe()
        let (entry, holders) = village(pipe, holders: 1...4)
        let leaver = holders[3]
        pipe.with(leaver) { $0.leave(at: pipe.now, into: &$1) }
        pipe.run(for: .milliseconds(100))
        for _ in 0..<4 {
            let ticket = pipe.open(entry, patience: .seconds(20))
            #expect(pipe.run(for: .seconds(20)) { entry.opened[ticket] != nil })
            #expect(!(entry.opened[ticket] ?? []).contains { $0.node == leaver.id })
        }
    }

    /// A request over five holders of two layers each, and those that hold the layers of one stage.
    private func rareStage(_ pipe: Pipe) throws -> (Peer, Ticket, [Peer], StageSeat) {
        let (entry, holders) = village(pipe, holders: 1...5)
        pipe.run(for: .seconds(6))
        let ticket = pipe.open(entry)
        #expect(pipe.run(for: .seconds(3)) { entry.opened[ticket] != nil })
        let stages = (entry.opened[ticket] ?? []).map { seat in
            (
                seat: seat,
                holders: holders.filter { peer in
                    peer.loaded(pipe.digest)?.overlaps(seat.layers) ?? false
                }
            )
        }
        let rare = try #require(stages.min { $0.holders.count < $1.holders.count })
        #expect(rare.holders.count == 2)
        return (entry, ticket, rare.holders, rare.seat)
    }

    private func send(_ pipe: Pipe, _ entry: Peer, _ ticket: Ticket, position: Int) {
        let rows = (0..<16).map { UInt8($0) }
        let isSent = pipe.with(entry) {
            $0.step(
                ticket, position: position, rowCount: 1, resultCount: 1, rows: rows, at: pipe.now,
                into: &$1)
        }
        #expect(isSent)
    }

    @Test func `layers whose every holder was lost are held by others within two seconds`() throws {
        let pipe = Pipe()
        let (entry, ticket, holders, _) = try rareStage(pipe)
        for position in 0..<8 {
            send(pipe, entry, ticket, position: position)
            #expect(pipe.run(for: .seconds(1)) { entry.done.count == position + 1 })
        }
        holders.forEach(pipe.remove)
        send(pipe, entry, ticket, position: 8)
        #expect(pipe.run(for: .seconds(2)) { entry.done.count == 9 }, "a step came back")
        #expect(entry.failed.isEmpty)
        // Gossip believes in the lost ones still: nobody was told that they are gone.
        #expect(
            holders.allSatisfy { holder in
                pipe.peers.allSatisfy { $0 === holder || $0.knows(holder) }
            })
    }

    @Test func `who is asked for layers that live holders have stays where it is`() throws {
        let pipe = Pipe()
        let (entry, _, holders, seat) = try rareStage(pipe)
        let before = pipe.peers.map { $0.loaded(pipe.digest) }
        var word = ByteWriter(reserving: 40)
        word.write(MessageKind.layersWanted.rawValue)
        word.write(pipe.digest)
        word.writeVarint(seat.layers.lower)
        word.writeVarint(seat.layers.upper)
        for _ in 0..<20 {
            for peer in pipe.peers where !holders.contains(where: { $0 === peer }) {
                pipe.with(peer) {
                    $0.receive(message: word.bytes, from: entry.id, at: pipe.now, into: &$1)
                }
            }
            pipe.run(for: .milliseconds(500))
        }
        #expect(pipe.peers.map { $0.loaded(pipe.digest) } == before)
    }
}
