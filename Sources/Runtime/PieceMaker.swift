import Primitives
import Synchronization
import Transformers
import Wire

/// Makes a model's pieces in order, on two threads of its own: while one goes to the disk, the next
/// is hashed, and the one behind it made. There are never more than these three.
final class PieceMaker: Sendable {
    /// A piece's bytes, and what they are called.
    struct Piece: Sendable {
        let bytes: [UInt8]
        let entry: PieceEntry
        let chunkDigests: [Digest]

        init(_ bytes: [UInt8]) {
            self.bytes = bytes
            (entry, chunkDigests) = PieceEntry.digests(of: bytes)
        }
    }

    private let made = Handover<Result<[UInt8], ModelError>>()
    private let hashed = Handover<Result<Piece, ModelError>>()
    private let threads: [PlainThread]

    /// Starts with the first.
    init(_ builder: PieceBuilder) throws(SystemError) {
        let (made, hashed, count) = (made, hashed, builder.pieceCount)
        let builderThread = try PlainThread(name: "bored-pieces") {
            for index in 0..<count {
                guard made.waitForRoom() else { return }
                made.put(Result { () throws(ModelError) in try builder.build(index) })
            }
        }
        do throws(SystemError) {
            let hashThread = try PlainThread(name: "bored-hashes") {
                for _ in 0..<count {
                    guard hashed.waitForRoom(), let bytes = made.take() else { return }
                    hashed.put(bytes.map { Piece($0) })
                }
            }
            threads = [builderThread, hashThread]
        } catch {
            made.close()
            builderThread.join()
            throw error
        }
    }

    /// The next piece. Throws where the model holds what pieces can't. Called at most as often as
    /// there are pieces, and not behind an error or `finish`.
    func next() throws(ModelError) -> Piece {
        guard let piece = hashed.take() else { preconditionFailure("it has been finished") }
        return try piece.get()
    }

    /// Waits for the pieces that are being made, and gives them up. Called once.
    func finish() {
        made.close()
        hashed.close()
        for thread in threads { thread.join() }
    }
}

/// A place for one thing on its way between two threads: the one waits until there is room, the
/// other until something is there.
private final class Handover<Element: Sendable>: Sendable {
    private struct Place {
        var element: Element?
        var isClosed = false
    }

    private let place = Mutex(Place())
    private let gate = Gate()

    /// True once the place is empty; false once it is closed.
    func waitForRoom() -> Bool {
        while true {
            let seen = gate.value
            let (isFull, isClosed) = place.withLock { ($0.element != nil, $0.isClosed) }
            if isClosed { return false }
            if !isFull { return true }
            gate.wait(whileAt: seen, spinCount: 0)
        }
    }

    func put(_ element: Element) {
        place.withLock { $0.element = element }
        gate.advance()
    }

    /// What is there, or nil once the place is closed.
    func take() -> Element? {
        while true {
            let seen = gate.value
            let (element, isClosed) = place.withLock { ($0.element.take(), $0.isClosed) }
            if isClosed { return nil }
            if let element {
                gate.advance()
                return element
            }
            gate.wait(whileAt: seen, spinCount: 0)
        }
    }

    func close() {
        place.withLock { $0.isClosed = true }
        gate.advance()
    }
}
