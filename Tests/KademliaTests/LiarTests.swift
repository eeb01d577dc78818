import Foundation
import Identity
import Kademlia
import Primitives
import Testing
import Wire

/// `BORED_LIAR_MOVES` sets how many moves each seed makes.
private let moveCount =
    ProcessInfo.processInfo.environment["BORED_LIAR_MOVES"].flatMap { Int($0) } ?? 4_000

/// Three honest nodes, whose letters arrive at once, and a liar that knows the first.
private final class Crowd {
    final class Member {
        var core: KademliaCore
        let keys: NodeKeys
        let record: NodeRecord
        var events: [KademliaEvent] = []

        init(_ core: consuming KademliaCore, keys: NodeKeys, record: NodeRecord) {
            self.core = core
            self.keys = keys
            self.record = record
        }
    }

    static let topic = NodeID(Bytes32(first: 7, second: 7, third: 7, fourth: 7))
    let members: [Member]
    private var liar: Liar
    private var now = Instant.origin + .seconds(100)
    private var mail = Mail()
    private var waiting: [(letter: Letter, from: Member)] = []
    private var adSequence: UInt64 = 1
    /// What must never happen.
    private(set) var faults: Set<String> = []

    init(seed: UInt64) {
        members = (0..<3).map { index in
            let keys = NodeKeys.seeded(200 + UInt64(index), suite: .simulated)
            let address = PeerAddress(203, 0, 113, UInt8(1 + index), port: 7)
            let record = NodeRecord(keys: keys, sequence: 5, addresses: [address])
            let core = KademliaCore(
                own: record, suite: .simulated, puzzleBitCount: 0, settings: KademliaSettings(),
                seed: seed &* 10 &+ UInt64(index))
            return Member(core, keys: keys, record: record)
        }
        liar = Liar(seed: seed, honest: members.map(\.record), topics: [Self.topic])
        for member in members {
            for other in members where other !== member {
                establish(other.record, other.record.addresses[0], at: member)
            }
        }
    }

    private func establish(_ record: NodeRecord, _ address: PeerAddress, at member: Member) {
        member.core.peerEstablished(
            record, address: address, roundTrip: .milliseconds(3), at: now, into: &mail)
        take(from: member)
    }

    private var victim: Member { members[0] }

    func turn() {
        let isPause = liar.random.below(100) == 0
        now = now + .microseconds(liar.random.below(isPause ? 30_000_000 : 30_000))
        let face = liar.random.below(Liar.faceCount)
        switch liar.random.below(80) {
        case 0...2:
            let record = liar.record(face)
            let address = PeerAddress(198, 51, UInt8(face), UInt8(1 + face), port: 7)
            establish(record, address, at: victim)
        case 3: victim.core.peerClosed(liar.id(face), at: now, into: &mail)
        case 4: victim.core.peerUnreachable(liar.id(face), at: now, into: &mail)
        case 5: victim.core.learn(liar.record(face), at: now, into: &mail)
        case 6:
            let target = NodeID(Bytes32(random: &liar.random))
            _ = victim.core.findNodes(
                near: target, urgent: liar.random.below(2) == 0, at: now, into: &mail)
        case 7:
            _ = victim.core.findAds(
                topic: Self.topic, wanted: 64, urgent: false, at: now, into: &mail)
        case 8: publish()
        default:
            let (face, bytes) = liar.say()
            give(bytes, from: liar.id(face), to: victim)
        }
        take(from: victim)
        settle()
        tick()
    }

    private func publish() {
        adSequence += 1
        let holding = Holding(
            model: Digest.of([1], for: .manifest), layers: LayerRange(0, 8), layerCount: 8,
            hasEnds: true)
        let ad = Ad(
            holding: holding, sequence: adSequence, lifetimeSeconds: 3_600, record: victim.record,
            keys: victim.keys)
        victim.core.publish(ad, topics: [Self.topic], at: now, into: &mail)
    }

    private func give(_ bytes: [UInt8], from sender: NodeID, to member: Member) {
        member.core.receive(bytes, from: sender, at: now, into: &mail)
        if mail.count > 80 { faults.insert("\(mail.count) letters for one message") }
        take(from: member)
    }

    private func take(from member: Member) {
        while let letter = mail.next() {
            if letter.recipient == member.record.id { faults.insert("a letter to itself") }
            waiting.append((letter, member))
        }
        while let event = member.core.nextEvent() {
            check(event, of: member)
            member.events.append(event)
        }
        if member.core.adCount > Limits.storedAdCount + 4 { faults.insert("too many ads") }
        if member.core.tableCount > 400 { faults.insert("too many nodes") }
    }

    private func check(_ event: KademliaEvent, of member: Member) {
        switch event {
        case .foundNodes(_, let records):
            if records.contains(where: \.isTransient) { faults.insert("a visitor's record") }
            let areGood = records.allSatisfy {
                $0.id != member.record.id && $0.isAuthentic(suite: .simulated, puzzleBitCount: 0)
            }
            if !areGood { faults.insert("a record that is none") }
        case .foundAds(_, let ads):
            let areGood = ads.allSatisfy { $0.isAuthentic(suite: .simulated, puzzleBitCount: 0) }
            if !areGood || Set(ads.map(\.record.id)).count < ads.count {
                faults.insert("an ad that is none")
            }
        case .published: break
        }
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
                give(letter.bytes, from: from.record.id, to: member)
            } else if from === victim {
                liar.hear(letter)
            } else {
                from.core.peerUnreachable(letter.recipient, at: now, into: &mail)
                take(from: from)
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

    /// Whether an honest node finds what the victim publishes, and the victim finds that node.
    func works() -> (findsAd: Bool, findsNode: Bool) {
        now = now + .seconds(40)
        tick()
        publish()
        take(from: victim)
        settle()
        rest()
        let other = members[1]
        let question = other.core.findAds(
            topic: Self.topic, wanted: 64, urgent: false, at: now, into: &mail)
        take(from: other)
        let lookup = victim.core.findNodes(
            near: other.record.id, urgent: true, at: now, into: &mail)
        take(from: victim)
        settle()
        rest()
        var (findsAd, findsNode) = (false, false)
        for event in other.events {
            if case .foundAds(question, let ads) = event {
                findsAd = ads.contains { $0.sequence == adSequence && $0.record == victim.record }
            }
        }
        for event in victim.events {
            if case .foundNodes(lookup, let records) = event {
                findsNode = records.contains(other.record)
            }
        }
        return (findsAd, findsNode)
    }

    private func rest() {
        for _ in 0..<400 {
            now = now + .milliseconds(100)
            tick()
        }
    }
}

@Suite struct `a table between liars` {
    @Test(arguments: 0..<40) func `stays within its limits and finds what is there`(seed: Int) {
        let crowd = Crowd(seed: UInt64(seed))
        for _ in 0..<moveCount { crowd.turn() }
        let counters = crowd.members[0].core.counters
        // It was no quarrel about form.
        #expect(counters.requestsAnswered > 100 && counters.adsStored > 20, "\(counters)")
        #expect(counters.messagesMalformed == 0)
        let (findsAd, findsNode) = crowd.works()
        #expect(findsAd && findsNode)
        #expect(crowd.faults.isEmpty)
    }
}
