import Identity
import Primitives
import Shards
import Wire

/// A piece with its chunks, made from a seed.
struct Sample {
    let chunks: [[UInt8]]
    let digests: [Digest]
    let entry: PieceEntry

    init(chunkCount: Int, lastByteCount: Int = 1_000, seed: UInt64 = 1) {
        var chunks: [[UInt8]] = []
        for index in 0..<chunkCount {
            let count = index == chunkCount - 1 ? lastByteCount : Limits.chunkByteCount
            let byte = UInt8(truncatingIfNeeded: seed &+ UInt64(index))
            chunks.append(Array(repeating: byte, count: count))
        }
        self.chunks = chunks
        digests = chunks.map { Digest.of($0, for: .chunk) }
        let total = chunks.reduce(0) { $0 + $1.count }
        entry = PieceEntry(byteCount: UInt64(total), root: PieceEntry.root(of: digests))
    }

    func manifest(name: String, keys: NodeKeys) -> SignedManifest {
        let model = ModelManifest(
            name: name, license: "none", layerCount: 1, hiddenSize: 4, shape: [],
            pieces: [entry, entry])
        return SignedManifest(model, keys: keys)
    }
}

/// Cores that talk without loss or delay; a shell with a disk behind each.
final class Exchange {
    final class Member {
        var core: ShardCore
        let id: NodeID
        var disk: [Sample] = []
        var stored = OrderedTable<Int, [UInt8]>()
        var events: [ShardEvent] = []
        var isAlive = true
        /// Changes what this member sends.
        var tamper: (([UInt8]) -> [UInt8])?

        init(_ number: UInt64) {
            core = ShardCore(suite: .simulated, seed: number)
            id = NodeID(Bytes32(first: number, second: 0, third: 0, fourth: 0))
        }
    }

    let members: [Member]
    var now = Instant.origin + .seconds(1)
    var order: [String] = []
    /// Letters under way: sender, recipient, bytes.
    private var letters: [(Int, Int, [UInt8])] = []

    init(_ count: Int) { members = (1...count).map { Member(UInt64($0)) } }

    func offer(_ sample: Sample, by index: Int) {
        members[index].disk.append(sample)
        members[index].core.offer(
            root: sample.entry.root, chunkCount: sample.entry.chunkCount)
    }

    func fetch(
        _ sample: Sample, by index: Int, from sources: [Int], known: Bool = false,
        present: [Int] = []
    ) {
        act(index) { core, now, mail in
            core.fetch(
                sample.entry, from: sources.map { self.members[$0].id },
                knownChunkDigests: known ? sample.digests : nil, presentChunks: present, at: now,
                into: &mail)
        }
    }

    func act(_ index: Int, _ body: (inout ShardCore, Instant, inout Mail) -> Void) {
        let member = members[index]
        var mail = Mail()
        body(&member.core, now, &mail)
        var reads: [ShardEvent] = []
        while let event = member.core.nextEvent() {
            member.events.append(event)
            reads.append(event)
        }
        post(&mail, from: index)
        for event in reads { answer(event, index) }
    }

    /// The shell: reads what is on the disk, writes what came.
    private func answer(_ event: ShardEvent, _ index: Int) {
        let member = members[index]
        switch event {
        case .readChunk(let token, let root, let chunk):
            order.append("\(index):\(chunk)")
            let bytes = member.disk.first { $0.entry.root == root }?.chunks[chunk]
            act(index) { core, now, mail in
                core.chunkRead(token, bytes: bytes, at: now, into: &mail)
            }
        case .readChunkList(let token, let root):
            let digests = member.disk.first { $0.entry.root == root }?.digests
            act(index) { core, now, mail in
                core.chunkListRead(token, digests: digests, at: now, into: &mail)
            }
        case .storeChunk(_, let chunk, let bytes): member.stored[chunk] = bytes
        default: break
        }
    }

    private func post(_ mail: inout Mail, from index: Int) {
        while let letter = mail.next() {
            guard let to = members.firstIndex(where: { $0.id == letter.recipient }) else {
                continue
            }
            letters.append((index, to, members[index].tamper?(letter.bytes) ?? letter.bytes))
        }
    }

    /// Delivers letters until none is left, or `limit` were delivered.
    func settle(limit: Int = 100_000) {
        var count = 0
        while !letters.isEmpty, count < limit {
            count += 1
            let (from, to, bytes) = letters.removeFirst()
            guard members[from].isAlive, members[to].isAlive else { continue }
            let sender = members[from].id
            act(to) { core, now, mail in core.receive(bytes, from: sender, at: now, into: &mail) }
        }
    }

    /// Lets timers run for a while.
    func run(for interval: Interval) {
        let end = now + interval
        settle()
        while let next = members.indices.map({ members[$0].core.nextDeadline }).min(), next <= end {
            now = max(now, next)
            for index in members.indices where members[index].core.nextDeadline <= now {
                act(index) { core, now, mail in core.fire(at: now, into: &mail) }
            }
            settle()
        }
        now = end
    }

    func isComplete(_ sample: Sample, at index: Int) -> Bool {
        members[index].events.contains {
            if case .pieceComplete(let root) = $0 { root == sample.entry.root } else { false }
        }
    }

    func failures(at index: Int) -> [FetchFailure] {
        members[index].events.compactMap {
            if case .fetchFailed(_, let failure) = $0 { failure } else { nil }
        }
    }
}
