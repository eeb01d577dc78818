import Foundation
import Identity
import Primitives
import Shards
import Testing
import Wire

/// `BORED_LIAR_MOVES` sets how many moves each seed makes.
private let moveCount =
    ProcessInfo.processInfo.environment["BORED_LIAR_MOVES"].flatMap { Int($0) } ?? 2_000

/// A node that gives pieces to liars and takes them from liars, with one honest source.
private struct Victim: ~Copyable {
    private static let sample = Sample(chunkCount: 3)
    private let honest = NodeID(Bytes32(first: 9, second: 0, third: 0, fourth: 0))
    private(set) var core: ShardCore
    private var source = ShardCore(suite: .simulated, seed: 1)
    private var liar: Liar
    private var now = Instant.origin + .seconds(100)
    private var mail = Mail()
    /// What its shell has still to read.
    private var reads: [ShardEvent] = []
    private(set) var completeCount = 0
    /// What must never happen.
    private(set) var faults: Set<String> = []

    init(seed: UInt64) {
        core = ShardCore(suite: .simulated, seed: seed)
        liar = Liar(seed: seed, sample: Self.sample, name: "model")
        let entry = Self.sample.entry
        source.offer(root: entry.root, chunkCount: entry.chunkCount)
        core.offer(root: entry.root, chunkCount: entry.chunkCount)
        core.offer(Self.sample.manifest(name: "model", keys: .seeded(3, suite: .simulated)))
    }

    private var liars: [NodeID] { (0..<Liar.faceCount).map(liar.id) }

    mutating func turn() {
        let isPause = liar.random.below(40) == 0
        now = now + .microseconds(liar.random.below(isPause ? 12_000_000 : 3_000))
        let face = liar.random.below(Liar.faceCount)
        switch liar.random.below(50) {
        case 0...2: fetch(from: liar.random.below(2) == 0 ? liars : liars + [honest])
        case 3:
            core.findManifest(.name("model"), from: liars, at: now, into: &mail)
        case 4:
            while !reads.isEmpty { answerRead() }
            core.peerGone(liar.id(face), at: now, into: &mail)
            liar.changeFace(face)
        case 5: core.addSources([liar.id(face)], for: Self.sample.entry.root, at: now, into: &mail)
        case 6:
            let byteCount: Int? = [nil, 0, 300_000, 3_000_000][liar.random.below(4)]
            core.setBudget(byteCount: byteCount, at: now, into: &mail)
        case 7: core.isYielding = liar.random.below(4) == 0
        case 8...15: answerRead()
        default:
            let (from, bytes) = liar.say()
            core.receive(bytes, from: from, at: now, into: &mail)
            if mail.count > 80 { faults.insert("\(mail.count) letters for one message") }
        }
        settle()
        tick()
    }

    private mutating func fetch(from sources: [NodeID]) {
        core.fetch(
            Self.sample.entry, from: sources, knownChunkDigests: nil, presentChunks: [], at: now,
            into: &mail)
    }

    private mutating func answerRead() {
        guard !reads.isEmpty else { return }
        let isThere = liar.random.below(6) != 0
        switch reads.remove(at: liar.random.below(reads.count)) {
        case .readChunk(let token, _, let index):
            let bytes = isThere ? Self.sample.chunks[index] : nil
            core.chunkRead(token, bytes: bytes, at: now, into: &mail)
        case .readChunkList(let token, _):
            let digests = isThere ? Self.sample.digests : nil
            core.chunkListRead(token, digests: digests, at: now, into: &mail)
        default: break
        }
    }

    private mutating func settle() {
        repeat {
            while let event = core.nextEvent() { take(event) }
            while let letter = mail.next() {
                if letter.recipient == honest { ask(letter) } else { liar.hear(letter) }
            }
        } while !mail.isEmpty
    }

    /// The honest source and its shell answer at once.
    private mutating func ask(_ letter: Letter) {
        var answers = Mail()
        source.receive(letter.bytes, from: liar.id(0), at: now, into: &answers)
        while let event = source.nextEvent() {
            switch event {
            case .readChunk(let token, _, let index):
                let bytes = Self.sample.chunks[index]
                source.chunkRead(token, bytes: bytes, at: now, into: &answers)
            case .readChunkList(let token, _):
                let digests = Self.sample.digests
                source.chunkListRead(token, digests: digests, at: now, into: &answers)
            default: break
            }
        }
        while let answer = answers.next() {
            core.receive(answer.bytes, from: honest, at: now, into: &mail)
            while let event = core.nextEvent() { take(event) }
        }
    }

    private mutating func take(_ event: ShardEvent) {
        switch event {
        case .readChunk, .readChunkList:
            reads.append(event)
            if reads.count > Liar.faceCount * Limits.requestsPerSource {
                faults.insert("too many reads")
            }
        case .pieceComplete: completeCount += 1
        case .manifestArrived(let manifest):
            if manifest.manifest.name != "model" { faults.insert("another manifest") }
        case .storeChunk(_, let index, let bytes):
            if bytes != Self.sample.chunks[index] { faults.insert("a wrong chunk is kept") }
        case .chunkListArrived(_, let digests):
            if digests != Self.sample.digests { faults.insert("a wrong list is kept") }
        case .manifestMissing, .fetchFailed: break
        }
    }

    private mutating func tick() {
        for _ in 0..<20 where core.nextDeadline <= now {
            core.fire(at: now, into: &mail)
            settle()
        }
        if core.nextDeadline <= now { faults.insert("a timer that is never done") }
    }

    /// Whether a piece still comes from the honest source, whom liars stand before.
    mutating func works() -> Bool {
        core.setBudget(byteCount: nil, at: now, into: &mail)
        core.isYielding = false
        core.cancel(root: Self.sample.entry.root)
        let before = completeCount
        fetch(from: liars + [honest])
        settle()
        for _ in 0..<1_200 {
            now = now + .milliseconds(100)
            tick()
        }
        return completeCount == before + 1
    }
}

@Suite struct `a node that trades pieces with liars` {
    @Test(arguments: 0..<40) func `keeps only what is true and gets its pieces`(seed: Int) {
        var victim = Victim(seed: UInt64(seed))
        for _ in 0..<moveCount { victim.turn() }
        let counters = victim.core.counters
        let works = victim.works()
        let faults = victim.faults
        #expect(works)
        #expect(faults.isEmpty)
        // It was no quarrel about form.
        #expect(counters.messagesMalformed == 0)
        #expect(counters.chunksServed > 20 && counters.chunksFetched > 3, "\(counters)")
        #expect(counters.wrongAnswers > 1 && counters.refusalsMet > 1, "\(counters)")
        let completeCount = victim.completeCount
        #expect(completeCount > 1)
    }
}
