import Glibc
import MeshNode
import Primitives
import Runtime
import Testing

/// A real node on loopback under garbage.
@Suite(.serialized) struct GarbageTests {
    /// Resident memory in kibibytes; files below /proc have no size to read them by.
    private func resident(_ processID: pid_t) -> Int {
        let file = unsafe open("/proc/\(processID)/status", O_RDONLY)
        guard file >= 0 else { return 0 }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 4_096)
        // The count is the buffer's.
        let count = unsafe read(file, &bytes, bytes.count)
        for line in String(decoding: bytes.prefix(max(0, count)), as: UTF8.self).split(
            separator: "\n") where line.hasPrefix("VmRSS:")
        {
            return Int(line.filter { $0.isNumber }) ?? 0
        }
        return 0
    }

    /// Bytes that look more or less like a packet.
    private func garbage(_ random: inout SeededRandom) -> [UInt8] {
        let lengths = [0, 1, 3, 4, 16, 33, 64, 352, 512, 1_199, 1_200, random.below(1_201)]
        let count = lengths[random.below(lengths.count)]
        var bytes = (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        guard random.below(4) > 0, bytes.count >= 4 else { return bytes }
        // A kind, the version and two zeros: how every packet begins.
        bytes.replaceSubrange(0..<4, with: [UInt8(random.below(9)), 1, 0, 0])
        return bytes
    }

    /// The counters whose names tell of something that a peer did, as the node tells them.
    private func deeds(_ directory: DataDirectory) throws -> [RoomTally] {
        let names = [
            "sessionsEstablished", "handshakesAnswered", "messagesReceived", "pathsChanged",
        ]
        let rooms = try #require(directory.askCounters())
        return rooms.filter { $0.room == "sessions" }.map { room in
            RoomTally(room: room.room, counts: room.counts.filter { names.contains($0.name) })
        }
    }

    /// How many datagrams were dropped, for whatever reason.
    private func droppedCount(_ directory: DataDirectory) throws -> UInt64 {
        let rooms = try #require(directory.askCounters())
        return rooms.flatMap(\.counts).filter { $0.name.hasPrefix("dropped") }
            .reduce(0) { $0 + $1.value }
    }

    @Test func `garbage at a running node's port changes nothing but counters`() throws {
        guard let program = BuiltProgram("bored") else { return }
        let place = try TemporaryDirectory(prefix: "bored-tests")
        let data = place.path
        let swarm = "garbage-\(getpid())"
        let node = try ChildProcess(
            path: program.path,
            arguments: [
                "node", "--listen", "127.0.0.1:0", "--swarm", swarm, "--data", "\(data)/node",
                "--run", "always",
            ], log: "\(data)/log")
        defer {
            node.end()
            node.wait()
        }
        var running: RunningNode?
        let deadline = SystemClock.now() + .seconds(20)
        while running == nil, SystemClock.now() < deadline {
            running = try DataDirectory("\(data)/node").runningNode()
            usleep(5_000)
        }
        let address = try #require(running?.address)
        let prompt = [
            "prompt", "Hello!", "--seed", "1", "--max-tokens", "20", "--peer",
            address.description, "--swarm", swarm, "--wait", "30", "--data", "\(data)/prompter",
        ]
        let before = try program.run(prompt)
        #expect(before.code == 0, "\(before.output)")
        let sizeBefore = resident(node.processID)
        let home = try DataDirectory("\(data)/node")
        // The counters lag a little behind.
        usleep(600_000)
        let (deedsBefore, droppedBefore) = (try deeds(home), try droppedCount(home))
        var random = SeededRandom(seed: 1)
        var socket = try DatagramSocket(binding: PeerAddress(127, 0, 0, 1, port: 0))
        for index in 0..<20_000 {
            socket.send(garbage(&random), to: address)
            // About as fast as the node reads, so that the kernel drops few of them.
            if index % 64 == 63 { usleep(500) }
        }
        usleep(200_000)
        var answered = 0
        try socket.receive { _, _ in answered += 1 }
        #expect(answered == 0)
        usleep(600_000)
        #expect(try deeds(home) == deedsBefore)
        // The kernel may have dropped some of them itself.
        #expect(try droppedCount(home) > droppedBefore + 10_000)
        let after = try program.run(prompt)
        #expect(after.code == 0 && after.output == before.output, "\(after.output)")
        #expect(kill(node.processID, 0) == 0)
        #expect(sizeBefore > 0 && resident(node.processID) < sizeBefore + 8 * 1_024)
    }
}
