import Foundation
import Gossip
import Identity
import Primitives
import Testing
import Wire

/// `BORED_LIAR_MOVES` sets how many moves each seed makes.
private let moveCount =
    ProcessInfo.processInfo.environment["BORED_LIAR_MOVES"].flatMap { Int($0) } ?? 2_500

/// Four honest nodes that a liar talks to, whose letters arrive at once.
private final class Crowd {
    final class Member {
        var core: GossipCore
        let keys: NodeKeys
        let record: NodeRecord

        init(_ core: consuming GossipCore, keys: NodeKeys, record: NodeRecord) {
            self.core = core
            self.keys = keys
            self.record = record
        }
    }

    let members: [Member]
    private var liar: Liar
    private let settings: GossipSettings
    private var now = Instant.origin + .seconds(100)
    private var mail = Mail()
    private var waiting: [(letter: Letter, from: NodeID)] = []
    /// What must never happen.
    private(set) var faults: Set<String> = []

    init(seed: UInt64) {
        var settings = GossipSettings()
        settings.passiveLimit = 12
        settings.neighbourhoodLimit = 24
        settings.smallSwarmLimit = 16
        self.settings = settings
        members = (0..<4).map { index in
            let keys = NodeKeys.seeded(100 + UInt64(index), suite: .simulated)
            let address = PeerAddress(10, 0, 0, UInt8(1 + index), port: 7)
            let record = NodeRecord(keys: keys, sequence: 5, addresses: [address])
            let core = GossipCore(
                keys: keys, record: record, settings: settings, puzzleBitCount: 0,
                initialSequence: 1_000, seed: seed &* 10 &+ UInt64(index))
            return Member(core, keys: keys, record: record)
        }
        liar = Liar(seed: seed, honest: members.map(\.record))
        for member in members { meet(member) }
    }

    private func meet(_ member: Member) {
        for other in members where other !== member {
            member.core.peerEstablished(
                other.record, address: other.record.addresses[0], at: now, into: &mail)
            member.core.join(through: other.record, at: now, into: &mail)
            take(from: member)
        }
    }

    func turn() {
        let isPause = liar.random.below(60) == 0
        now = now + .microseconds(liar.random.below(isPause ? 3_000_000 : 40_000))
        let member = members[liar.random.below(members.count)]
        let face = liar.faces[liar.random.below(Liar.faceCount)].record
        switch liar.random.below(60) {
        case 0:
            member.core.peerEstablished(face, address: Liar.address, at: now, into: &mail)
            member.core.join(through: face, at: now, into: &mail)
        case 1: member.core.peerClosed(face.id, at: now, into: &mail)
        case 2: member.core.peerUnreachable(face.id, at: now, into: &mail)
        case 3: member.core.measured(roundTrip: .microseconds(300), to: face.id, at: now)
        case 4: member.core.askStates(of: face.id, at: now, into: &mail)
        case 5: liar.changeFace()
        default:
            let (face, bytes) = liar.say()
            give(bytes, from: liar.faces[face].keys.id, to: member)
        }
        take(from: member)
        settle()
        tick()
    }

    private func give(_ bytes: [UInt8], from sender: NodeID, to member: Member) {
        member.core.receive(bytes, from: sender, at: now, into: &mail)
        // What one message of a stranger brings about, to all together.
        if mail.count > 140 { faults.insert("\(mail.count) letters for one message") }
        take(from: member)
    }

    private func take(from member: Member) {
        while let letter = mail.next() { waiting.append((letter, member.record.id)) }
        while member.core.nextEvent() != nil {}
        if member.core.activePeers.count > settings.activeLimit { faults.insert("too many links") }
        if member.core.passivePeers.count > settings.passiveLimit { faults.insert("reserve") }
        if member.core.known.count > settings.neighbourhoodLimit { faults.insert("too many known") }
        if member.core.activePeers.contains(member.record.id) { faults.insert("its own link") }
    }

    private func settle() {
        var steps = 0
        while !waiting.isEmpty {
            let (letter, from) = waiting.removeFirst()
            steps += 1
            guard steps < 2_000 else {
                faults.insert("an endless talk")
                return waiting.removeAll()
            }
            if let member = members.first(where: { $0.record.id == letter.recipient }) {
                give(letter.bytes, from: from, to: member)
            } else if let member = members.first(where: { $0.record.id == from }),
                let (face, bytes) = liar.hear(letter, from: member.record)
            {
                give(bytes, from: liar.faces[face].keys.id, to: member)
            }
        }
    }

    private func tick() {
        for member in members {
            for _ in 0..<20 where member.core.nextDeadline <= now {
                member.core.fire(at: now, into: &mail)
                take(from: member)
                settle()
            }
            if member.core.nextDeadline <= now { faults.insert("a timer that is never done") }
        }
    }

    /// The liar falls silent for good.
    func rest() {
        for _ in 0..<Liar.faceCount * 20 { liar.changeFace() }
        for _ in 0..<2_400 {
            now = now + .milliseconds(50)
            tick()
        }
    }
}

@Suite struct `a neighbourhood between liars` {
    @Test(arguments: 0..<40) func `stays within its limits and finds together again`(seed: Int) {
        let crowd = Crowd(seed: UInt64(seed))
        for _ in 0..<moveCount { crowd.turn() }
        let counters = crowd.members[0].core.counters
        crowd.rest()
        #expect(crowd.faults.isEmpty)
        // It was no quarrel about form.
        #expect(counters.statesAdopted > 20 && counters.probesSent > 20, "\(counters)")
        for member in crowd.members {
            let others = crowd.members.map(\.record.id).filter { $0 != member.record.id }.sorted()
            #expect(member.core.activePeers == others)
            for other in crowd.members where other !== member {
                #expect(member.core.record(of: other.record.id) == other.record)
                let known = member.core.known[other.record.id]?.state.sequence
                #expect(known == other.core.ownState.sequence)
            }
        }
    }
}
