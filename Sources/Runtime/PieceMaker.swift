import Identity
import Primitives
import Synchronization
import Transformers
import Wire

/// Makes a model's pieces in order, a block at a time, on threads of its own: while one block goes
/// to the disk, others are hashed, and the next one is made. The threads that hash take turns; each
/// has at most one block in hand, one before it and one behind it.
final class PieceMaker: Sendable {
    /// The next bytes of a piece: a whole block, but for the last.
    struct Part: Sendable {
        let block: Block
        let byteCount: Int
        let isLast: Bool
        /// Of its chunks, once it is hashed.
        var chunkDigests: [Digest] = []

        fileprivate var hashed: Part {
            var part = self
            part.chunkDigests = block.withBytes(byteCount) { PieceEntry.chunkDigests(of: $0) }
            return part
        }
    }

    /// What one of the threads that hash is given, and what it gives.
    private struct Lane: Sendable {
        let made = Handover<Result<Part, ModelError>>()
        let hashed = Handover<Result<Part, ModelError>>()

        func serve() {
            while let part = made.take()?.map(\.hashed), hashed.waitForRoom() {
                hashed.put(part)
            }
        }

        func close() {
            made.close()
            hashed.close()
        }
    }

    private let lanes: [Lane]
    private let pool = BlockPool()
    private let threads: [PlainThread]
    private let takenCount = Atomic(0)

    /// Starts with the first.
    init(_ builder: PieceBuilder) throws(SystemError) {
        let (lanes, pool) = ((0..<Limits.importHashThreadCount).map { _ in Lane() }, pool)
        var threads: [PlainThread] = []
        do throws(SystemError) {
            for lane in lanes { threads.append(try PlainThread(name: "bored-hashes", lane.serve)) }
            let line = AssemblyLine(lanes: lanes.map(\.made), pool: pool)
            threads.append(
                try PlainThread(name: "bored-pieces") {
                    var line = line
                    line.make(builder)
                })
        } catch {
            for lane in lanes { lane.close() }
            for thread in threads { thread.join() }
            throw error
        }
        self.lanes = lanes
        self.threads = threads
    }

    /// The next part. Throws where the model holds what pieces can't. Called by one thread, at most
    /// as often as there are parts, and not behind an error or `finish`.
    func next() throws(ModelError) -> Part {
        let (turn, _) = takenCount.wrappingAdd(1, ordering: .relaxed)
        guard let part = lanes[turn % lanes.count].hashed.take() else {
            preconditionFailure("it has been finished")
        }
        return try part.get()
    }

    /// Takes back a block whose bytes were used.
    func reuse(_ block: Block) { pool.put(block) }

    /// Waits for the piece that is being made, and gives it up. Called once.
    func finish() {
        for lane in lanes { lane.close() }
        for thread in threads { thread.join() }
    }
}

/// The thread that makes pieces fills one block after the other and deals them out.
private struct AssemblyLine: Sendable {
    private let lanes: [Handover<Result<PieceMaker.Part, ModelError>>]
    private let pool: BlockPool
    private var block: Block?
    private var byteCount = 0
    private var partCount = 0
    /// What the piece at hand has yet to get.
    private var leftByteCount = 0
    private var isClosed = false

    init(lanes: [Handover<Result<PieceMaker.Part, ModelError>>], pool: BlockPool) {
        self.lanes = lanes
        self.pool = pool
    }

    mutating func make(_ builder: PieceBuilder) {
        for index in 0..<builder.pieceCount where !isClosed {
            leftByteCount = builder.layout(of: index).byteCount
            do throws(ModelError) {
                try builder.build(index) { take($0) }
            } catch {
                deal(.failure(error))
                return
            }
        }
    }

    private mutating func take(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty, !isClosed {
            let block = block ?? pool.take()
            self.block = block
            let part = rest.prefix(Block.byteCount - byteCount)
            block.write(part, at: byteCount)
            rest = rest.dropFirst(part.count)
            byteCount += part.count
            leftByteCount -= part.count
            guard byteCount == Block.byteCount || leftByteCount == 0 else { continue }
            deal(
                .success(
                    PieceMaker.Part(
                        block: block, byteCount: byteCount, isLast: leftByteCount == 0)))
            self.block = nil
            byteCount = 0
        }
    }

    private mutating func deal(_ part: Result<PieceMaker.Part, ModelError>) {
        let lane = lanes[partCount % lanes.count]
        partCount += 1
        guard lane.waitForRoom() else {
            isClosed = true
            return
        }
        lane.put(part)
    }
}

/// Blocks that nobody holds.
private final class BlockPool: Sendable {
    private let free = Mutex<[Block]>([])

    func take() -> Block { free.withLock { $0.popLast() } ?? Block() }
    func put(_ block: Block) { free.withLock { $0.append(block) } }
}
