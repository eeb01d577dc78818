import Primitives
import Synchronization
import Transformers
import Wire

/// Makes a model's pieces in order, on a thread of its own: while one goes to the disk, the next is
/// made. There are never more than these two.
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

    private let handover = Handover<Result<Piece, ModelError>>()
    private let thread: PlainThread

    /// Starts with the first.
    init(_ builder: PieceBuilder) throws(SystemError) {
        let handover = handover
        thread = try PlainThread(name: "bored-pieces") {
            for index in 0..<builder.pieceCount {
                guard handover.waitForRoom() else { return }
                handover.put(
                    Result { () throws(ModelError) in Piece(try builder.build(index)) })
            }
        }
    }

    /// The next piece. Throws where the model holds what pieces can't. Called at most as often as
    /// there are pieces, and not behind an error.
    func next() throws(ModelError) -> Piece { try handover.take().get() }

    /// Waits for the piece that is being made, and gives it up. Called once.
    func finish() {
        handover.close()
        thread.join()
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

    func take() -> Element {
        while true {
            let seen = gate.value
            let element = place.withLock { $0.element.take() }
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
