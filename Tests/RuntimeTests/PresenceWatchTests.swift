import Glibc
import Presence
import Primitives
import Runtime
import Synchronization
import Testing
import Wire

/// The watch on its thread, over its real socket.
struct PresenceWatchTests {
    private let machine = FakeMachine()

    /// Collects verdicts, and waits for one.
    private final class Verdicts: Sendable {
        private let list = Mutex<[Presence]>([])
        func add(_ presence: Presence) { list.withLock { $0.append(presence) } }
        var all: [Presence] { list.withLock { $0 } }

        func wait(for expected: [Presence]) -> Bool {
            let deadline = SystemClock.now() + .seconds(20)
            while all != expected, SystemClock.now() < deadline { usleep(2_000) }
            return all == expected
        }
    }

    private func watch(
        _ directory: DataDirectory, _ verdicts: Verdicts,
        _ change: (inout PresenceSettings) -> Void = { _ in }
    ) throws -> PresenceWatch {
        var settings = PresenceSettings(root: machine.root)
        change(&settings)
        return try PresenceWatch(
            settings: settings, directory: directory, board: CounterBoard()
        ) { news in
            if case .verdict(let verdict) = news { verdicts.add(verdict) }
        }
    }

    /// A client of the socket, as any program in any language is one.
    private func connect(_ directory: DataDirectory) -> CInt {
        let client = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        let path = Array((directory.path + "/presence.sock").utf8)
        unsafe withUnsafeMutableBytes(of: &name.sun_path) { unsafe $0.copyBytes(from: path) }
        let status = unsafe withUnsafePointer(to: &name) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.connect(client, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        return status == 0 ? client : -1
    }

    private func say(_ text: String, to client: CInt) {
        let bytes = Array(text.utf8)
        let sent = unsafe send(client, bytes, bytes.count, CInt(MSG_NOSIGNAL))
        #expect(sent == bytes.count)
    }

    @Test func `a pause is seen at once, holds over restarts, and ends`() throws {
        let directory = try DataDirectory(machine.root + "/data")
        #expect(directory.askPresence() == nil && !directory.nudge())
        let verdicts = Verdicts()
        let first = try watch(directory, verdicts)
        #expect(first.first.isEmpty)
        try directory.pause(until: nil)
        #expect(directory.nudge())
        #expect(verdicts.wait(for: [.paused]))
        #expect(directory.askPresence()?.presence == "paused")
        first.finish()
        let again = try watch(directory, verdicts)
        #expect(again.first == [.verdict(.paused)])
        try directory.resume()
        #expect(directory.nudge())
        #expect(verdicts.wait(for: [.paused, .idle]))
        // One that has run out is none.
        try directory.pause(until: SystemClock.wallSeconds() - 1)
        #expect(directory.nudge())
        try directory.pause(until: SystemClock.wallSeconds() + 1_000)
        #expect(directory.nudge())
        #expect(verdicts.wait(for: [.paused, .idle, .paused]))
        again.finish()
    }

    @Test func `a vehicle's broker speaks over the socket, and a hostile one breaks nothing`()
        throws
    {
        let directory = try DataDirectory(machine.root + "/data")
        let verdicts = Verdicts()
        let watch = try watch(directory, verdicts) { $0.policy.restTime = .zero }
        var socket = stat()
        // The structure lives for the length of the call.
        let isThere = unsafe lstat(directory.path + "/presence.sock", &socket) == 0
        #expect(isThere && socket.st_mode & 0o7777 == 0o600)
        let broker = connect(directory)
        say("Vehicle.IsMoving ", to: broker)
        say("true\n", to: broker)
        #expect(verdicts.wait(for: [.vehicleMoving]))
        // A line without end, and a binary one, from others.
        let endless = connect(directory)
        say(String(repeating: "x", count: 4_000), to: endless)
        say(String(repeating: "y", count: 4_000), to: endless)
        let binary = connect(directory)
        say("\u{0}\u{1}{{{\n\n\nVehicle.Speed NaN\n", to: binary)
        var byte: UInt8 = 0
        let isCut = unsafe read(endless, &byte, 1) == 0
        #expect(isCut)
        // More clients than there is room for: the others go on.
        let crowd = (0..<40).map { _ in connect(directory) }
        for client in crowd { close(client) }
        say("{\"path\":\"Vehicle.IsMoving\",\"value\":false}\n", to: broker)
        #expect(verdicts.wait(for: [.vehicleMoving, .idle]))
        var report = directory.askPresence()
        // The crowd's places are free as soon as it is seen to have gone.
        while report == nil { report = directory.askPresence() }
        let lines = report?.signals.first { $0.name == "vehicle lines" }
        #expect(lines?.value == "2 taken, 0 unknown, 2 malformed")
        for client in [broker, endless, binary] { close(client) }
        watch.finish()
    }

    @Test func `the day's traffic survives a restart, and a spent budget stops the node`() throws {
        let directory = try DataDirectory(machine.root + "/data")
        let verdicts = Verdicts()
        let budget: (inout PresenceSettings) -> Void = { $0.policy.dailyByteLimit = 1_000_000 }
        let first = try watch(directory, verdicts, budget)
        first.note(isWorking: true, trafficByteCount: 600_000)
        #expect(directory.nudge())
        first.finish()
        let second = try watch(directory, verdicts, budget)
        second.note(isWorking: true, trafficByteCount: 399_999)
        #expect(directory.nudge())
        #expect(verdicts.all.isEmpty && directory.askPresence()?.presence == "idle")
        second.note(isWorking: true, trafficByteCount: 400_000)
        #expect(directory.nudge())
        #expect(verdicts.wait(for: [.dataBudgetSpent]))
        second.finish()
        let third = try watch(directory, verdicts, budget)
        #expect(third.first == [.verdict(.dataBudgetSpent)])
        third.finish()
    }

    @Test(arguments: ["", "until", "until tomorrow", "\u{0}\u{1}", "for ever and ever"])
    func `a pause that can't be understood is one`(_ text: String) throws {
        let directory = try DataDirectory(machine.root + "/data")
        machine.write(text, to: "data/pause")
        #expect(directory.pause(at: 1_000) == .untilResumed)
        machine.write("until 1500\n", to: "data/pause")
        #expect(directory.pause(at: 1_000) == .secondsLeft(500))
        #expect(directory.pause(at: 1_500) == nil)
    }
}
