import Identity
import MeshNode
import Primitives
import Shards
import Testing
import Wire

/// How nodes find each other, learn where they are, and part.
@Suite struct MeetingTests {
    @Test func `an address alone is enough, and both know each other's states`() {
        let pipe = Pipe()
        let first = pipe.add(1)
        let second = pipe.add(2, meeting: [first.address])
        #expect(pipe.run(for: .seconds(2)) { first.knows(second) && second.knows(first) })
        #expect(first.has(second) && second.has(first))
        #expect(second.notes.contains(.met(first.id, first.address)))
        let roundTrip = second.node.roundTrip(to: first.id)?.milliseconds ?? 0
        #expect((10...40).contains(roundTrip))
    }

    @Test func `who knows one node comes to know all`() {
        let pipe = Pipe()
        let first = pipe.add(1)
        let others = (2...6).map { pipe.add($0, meeting: [first.address]) }
        let all = [first] + others
        let isWhole = pipe.run(for: .seconds(5)) {
            all.allSatisfy { one in all.allSatisfy { $0 === one || one.knows($0) } }
        }
        #expect(isWhole)
    }

    @Test func `a node that spares its line says so while it does, whatever keeps it from work`() {
        let pipe = Pipe()
        let first = pipe.add(1)
        let second = pipe.add(2, meeting: [first.address])
        #expect(pipe.run(for: .seconds(2)) { first.knows(second) })
        for (presence, isSpared) in [
            (Presence.meteredLine, true), (.vehicleMoving, true), (.idle, false),
        ] {
            pipe.with(second) { node, outbox in
                node.setPresence(presence, at: pipe.now, into: &outbox)
                node.setLine(isSpared: isSpared, at: pipe.now, into: &outbox)
            }
            let isTold = pipe.run(for: .seconds(2)) {
                first.node.knownStates.contains {
                    $0.state.presence == presence && $0.record.isMetered == isSpared
                }
            }
            #expect(isTold, "\(presence)")
        }
    }

    @Test func `a node soon keeps whom it has met for a start without its first contacts`() {
        let pipe = Pipe()
        let first = pipe.add(1)
        let others = (2...4).map { pipe.add($0, meeting: [first.address]) }
        pipe.run(for: .seconds(6))
        for one in others { #expect(one.seeds.count == 3) }
    }

    @Test func `a first contact that is silent is asked again, more and more rarely`() {
        let pipe = Pipe()
        let nobody = PeerAddress(10, 0, 0, 9, port: 4_000)
        let lonely = pipe.add(1, meeting: [nobody])
        let start = pipe.now
        pipe.run(for: .minutes(3))
        #expect(lonely.notes.contains(.bootstrapSilent(nobody)))
        #expect(lonely.node.peerCount == 0)
        let seconds = pipe.log.filter { $0.to == nobody }.map { $0.at.since(start).seconds }
        let early = seconds.count { $0 < 30 }
        let late = seconds.count { $0 >= 150 }
        #expect(early > late && late > 0, "\(early) in the first half minute, \(late) in the last")
    }

    @Test func `a first contact that comes up later is found`() {
        let pipe = Pipe()
        let place = PeerAddress(10, 0, 0, 2, port: 4_000)
        let early = pipe.add(1, meeting: [place])
        pipe.run(for: .seconds(40))
        let late = pipe.add(2)
        #expect(pipe.run(for: .seconds(40)) { early.knows(late) && late.knows(early) })
    }

    @Test func `who lost all its peers finds them again when the line is back`() {
        let pipe = Pipe()
        let first = pipe.add(1)
        let second = pipe.add(2, meeting: [first.address])
        pipe.run(for: .seconds(3))
        pipe.cut = [second.address]
        let isAlone = pipe.run(for: .minutes(1)) {
            second.node.peerCount == 0 && !second.knows(first) && !first.knows(second)
        }
        #expect(isAlone)
        pipe.cut = []
        #expect(pipe.run(for: .minutes(1)) { first.knows(second) && second.knows(first) })
    }

    @Test func `seeds kept on disk are enough to come back without any address`() throws {
        let pipe = Pipe()
        let first = pipe.add(1)
        let second = pipe.add(2, meeting: [first.address])
        pipe.run(for: .seconds(70))
        #expect(second.seeds.map(\.id) == [first.id])
        pipe.remove(second)
        let reborn = pipe.add(2, sequence: 2_000)
        let forged = NodeRecord(
            keys: .seeded(77, suite: .sodium), sequence: 1,
            addresses: [PeerAddress(10, 0, 0, 66, port: 1)])
        pipe.with(reborn) { $0.meet([forged] + second.seeds, at: pipe.now, into: &$1) }
        #expect(pipe.run(for: .seconds(5)) { reborn.knows(first) && first.knows(reborn) })
        #expect(!pipe.log.contains { $0.to == forged.addresses[0] })
    }

    @Test func `three who agree teach a node its address, and two don't`() {
        let pipe = Pipe()
        let first = pipe.add(1)
        let second = pipe.add(2, meeting: [first.address])
        pipe.run(for: .seconds(3))
        let unaware = pipe.add(
            9, meeting: [first.address, second.address], isSilentOnAddress: true)
        pipe.run(for: .seconds(20))
        #expect(unaware.node.peerCount == 2)
        #expect(unaware.node.record.addresses.isEmpty)
        let third = pipe.add(3, meeting: [first.address])
        let hasLearned = pipe.run(for: .seconds(20)) {
            unaware.node.record.addresses == [unaware.address]
        }
        #expect(hasLearned && unaware.has(third))
        #expect(unaware.notes.contains(.addressLearned(unaware.address)))
        // Its peers hear of it.
        let isTold = pipe.run(for: .seconds(10)) {
            first.node.knownStates.contains {
                $0.state.id == unaware.id && $0.record.addresses == [unaware.address]
            }
        }
        #expect(isTold)
    }

    @Test func `who leaves is gone everywhere at once`() {
        let pipe = Pipe()
        let first = pipe.add(1)
        let (second, third) = (
            pipe.add(2, meeting: [first.address]), pipe.add(3, meeting: [first.address])
        )
        pipe.run(for: .seconds(3))
        #expect(first.knows(second) && third.knows(second))
        pipe.with(second) { $0.leave(at: pipe.now, into: &$1) }
        let isGone = pipe.run(for: .milliseconds(100)) {
            !first.knows(second) && !third.knows(second)
        }
        #expect(isGone)
        // The session's own goodbye comes behind the letter's.
        pipe.run(for: .milliseconds(20))
        #expect(!first.has(second) && !third.has(second))
        let before = pipe.log.count { $0.from == second.address }
        pipe.run(for: .seconds(30))
        #expect(pipe.log.count { $0.from == second.address } == before)
    }

    @Test func `who vanishes is gone after a while, and the others keep each other`() {
        let pipe = Pipe()
        let first = pipe.add(1)
        let (second, third) = (
            pipe.add(2, meeting: [first.address]), pipe.add(3, meeting: [first.address])
        )
        pipe.run(for: .seconds(3))
        pipe.remove(second)
        #expect(pipe.run(for: .seconds(15)) { !first.knows(second) && !third.knows(second) })
        #expect(first.knows(third) && third.knows(first))
        #expect(first.notes.contains(.lost(second.id)))
    }

    @Test func `a visitor sees everybody and is seen in nobody's neighbourhood`() {
        let pipe = Pipe()
        let first = pipe.add(1)
        let second = pipe.add(2, meeting: [first.address])
        pipe.run(for: .seconds(3))
        let visitor = pipe.add(8, meeting: [first.address], flags: .transient)
        #expect(pipe.run(for: .seconds(2)) { visitor.knows(first) && visitor.knows(second) })
        pipe.run(for: .seconds(10))
        #expect(!first.knows(visitor) && !second.knows(visitor))
    }

    @Test func `messages of no known kind are counted and change nothing`() {
        let pipe = Pipe()
        let first = pipe.add(1)
        let second = pipe.add(2, meeting: [first.address])
        pipe.run(for: .seconds(3))
        for bytes: [UInt8] in [[], [0], [0x0F, 1, 2], [0x99], [0xFF]] {
            pipe.with(first) {
                $0.receive(message: bytes, from: second.id, at: pipe.now, into: &$1)
            }
        }
        #expect(first.node.counters.unknownKinds == 5)
        #expect(first.knows(second) && first.has(second))
    }

    @Test func `neighbours that name more models than are kept hide none that is wanted`() {
        let pipe = Pipe()
        let first = pipe.add(1)
        var models: [Digest] = []
        for number in 2...40 as ClosedRange<UInt8> {
            let peer = pipe.add(number, meeting: [first.address])
            for model in 0..<8 {
                let manifest = ModelManifest(
                    name: "heard \(number) \(model)", license: "", layerCount: 4, hiddenSize: 4,
                    shape: [], pieces: pipe.model.manifest.pieces)
                models.append(manifest.digest)
                pipe.with(peer) {
                    $0.addModel(
                        SignedManifest(manifest, keys: peer.keys),
                        pieces: Array(repeating: .complete, count: Pipe.layerCount + 1),
                        isServed: false, at: pipe.now, into: &$1)
                }
            }
            pipe.run(for: .milliseconds(500))
        }
        let heardCount = models.count { first.node.manifest($0) != nil }
        #expect(heardCount == 128)
        let holder = pipe.add(41, meeting: [first.address], layers: 4)
        pipe.run(for: .seconds(5)) { first.knows(holder) }
        pipe.with(first) { $0.findModel(.name("pipe"), isServed: false, at: pipe.now, into: &$1) }
        #expect(pipe.run(for: .seconds(10)) { first.found == [pipe.model] })
    }
}
