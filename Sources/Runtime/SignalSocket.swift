import CLinux
import Glibc
import Primitives

/// The Unix socket of a node, for its owner alone: lines come in, and answers go out.
///
/// Clients, their lines and what is read of one at a time are bounded. Whoever sends a longer line
/// or takes no answer loses its connection.
struct SignalSocket: ~Copyable {
    static let name = "presence.sock"

    private final class Client {
        let descriptor: Descriptor
        var pending: [UInt8] = []
        init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }
    }

    /// Nil where there is no directory to listen in: then only waits end.
    private let listener: Descriptor?
    private let listenerNumber: CInt
    private let poll: Descriptor
    private let bell: Doorbell
    private var clients: [Client] = []

    private static let listenerToken: UInt32 = 0
    private static let bellToken: UInt32 = 1

    /// Listens in the directory. `bell` ends a wait.
    init(in directory: DataDirectory?, bell: Doorbell) throws(SystemError) {
        let poll = try Descriptor(bored_poll_open(), "epoll_create")
        _ = try checked(
            bored_poll_add(poll.number, bell.descriptor.number, Self.bellToken), "epoll_ctl")
        if let directory {
            let call = "listen \(directory.path)/\(Self.name)"
            // C strings for the length of the call.
            let listener = try Descriptor(
                unsafe bored_local_listen(directory.path, Self.name), call)
            _ = try checked(bored_poll_add(poll.number, listener.number, Self.listenerToken), call)
            listenerNumber = listener.number
            self.listener = consume listener
        } else {
            listener = nil
            listenerNumber = -1
        }
        self.poll = poll
        self.bell = bell
    }

    /// Waits for lines until `deadline`; gives each to `body`, which may answer.
    mutating func wait(until deadline: Instant, _ body: ([UInt8]) -> String?) {
        let nanoseconds = deadline.since(SystemClock.now()).nanoseconds
        var tokens = [UInt32](repeating: 0, count: 16)
        // Sixteen slots, and no more are asked for.
        let count = unsafe bored_poll_wait(poll.number, nanoseconds, &tokens, 16)
        for token in tokens.prefix(Int(max(0, count))) {
            switch token {
            case Self.listenerToken: accept()
            case Self.bellToken: bell.clear()
            default:
                guard let index = clients.firstIndex(where: { $0.descriptor.number == token })
                else { continue }
                if !serve(clients[index], body) { clients.remove(at: index) }
            }
        }
    }

    private mutating func accept() {
        while true {
            let number = bored_local_accept(listenerNumber)
            guard number >= 0, let descriptor = try? Descriptor(number, "accept") else { return }
            guard clients.count < Limits.signalClientCount,
                bored_poll_add(poll.number, number, UInt32(number)) == 0
            else { continue }
            clients.append(Client(descriptor))
        }
    }

    /// Reads what has come; false where the client is gone or has to go.
    private mutating func serve(_ client: Client, _ body: ([UInt8]) -> String?) -> Bool {
        var buffer = [UInt8](repeating: 0, count: Limits.signalLineByteCount)
        // The buffer's own size is passed.
        let count = unsafe read(client.descriptor.number, &buffer, buffer.count)
        guard count > 0 else { return count < 0 && (errno == EAGAIN || errno == EINTR) }
        client.pending += buffer.prefix(count)
        while let end = client.pending.firstIndex(of: 0x0A) {
            let line = Array(client.pending[..<end])
            client.pending.removeSubrange(...end)
            guard let answer = body(line) else { continue }
            let bytes = Array((answer + "\n").utf8)
            // The array's own size is passed. Who does not read gets nothing more.
            let written = unsafe send(
                client.descriptor.number, bytes, bytes.count, CInt(MSG_NOSIGNAL))
            guard written == bytes.count else { return false }
        }
        // A line that is too long is nobody's.
        return client.pending.count <= Limits.signalLineByteCount
    }
}

extension DataDirectory {
    /// Says one line to the node that uses this directory; its answer, or nil where nobody listens
    /// or nothing is answered.
    func ask(_ line: String) -> [UInt8]? {
        // C strings for the length of the call.
        let number = unsafe bored_local_connect(path, SignalSocket.name)
        guard number >= 0, let descriptor = try? Descriptor(number, "connect") else { return nil }
        let bytes = Array((line + "\n").utf8)
        // The arrays' own sizes are passed.
        guard
            unsafe send(descriptor.number, bytes, bytes.count, CInt(MSG_NOSIGNAL))
                == bytes.count
        else { return nil }
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while answer.last != 0x0A, answer.count < Limits.signalAnswerByteCount {
            let count = unsafe read(descriptor.number, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return nil }
            answer += buffer.prefix(count)
        }
        return answer
    }

    /// What the node that runs here says about its presence; nil where none runs.
    public func askPresence() -> PresenceReport? {
        ask("presence").flatMap { PresenceReport(json: $0) }
    }

    /// Lets the node that runs here see at once that a file has changed; true where it has.
    public func nudge() -> Bool { ask("look") != nil }
}
