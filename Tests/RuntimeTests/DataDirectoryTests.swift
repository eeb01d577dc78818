import Checkpoints
import Glibc
import Identity
import Primitives
import Runtime
import Testing

struct DataDirectoryTests {
    private let scratch = Scratch()
    private var directory: DataDirectory {
        get throws { try DataDirectory(scratch.path) }
    }

    @Test func `the first start makes a key that only the owner reads, the second finds it`() throws
    {
        let first = try directory.keys(puzzleBitCount: 4)
        #expect(scratch.mode("") == 0o700)
        #expect(scratch.mode("key") == 0o600)
        #expect(scratch.mode("key.new") == nil)
        let again = try directory.keys(puzzleBitCount: 4)
        #expect(again.id == first.id && again.agreementKey == first.agreementKey)
        let solved = Puzzle.isSolved(
            first.signingKey, nonce: first.puzzleNonce, bitCount: 4)
        #expect(solved)
    }

    @Test func `a pipe is read to its end, and no further than the limit`() throws {
        _ = try directory
        let path = scratch.path + "/pipe"
        for (count, limit) in [(200_000, 200_000), (200_001, 200_000), (0, 10)] {
            #expect(unsafe mkfifo(path, 0o600) == 0)
            let text = [UInt8](repeating: 7, count: count)
            let writer = try PlainThread(name: "writer") {
                let stream = unsafe fopen(path, "w")
                unsafe fwrite(text, 1, text.count, stream)
                unsafe fclose(stream)
            }
            let read = try? FileBytes.read(path, limit: limit)
            #expect(read == (count <= limit ? text : nil))
            writer.join()
            _ = unsafe unlink(path)
        }
    }

    @Test func `a key that others may read is refused`() throws {
        _ = try directory.keys(puzzleBitCount: 4)
        _ = unsafe chmod(scratch.path + "/key", 0o640)
        let error = #expect(throws: DataError.self) { try directory.keys(puzzleBitCount: 4) }
        #expect(error?.description.contains("chmod 600") == true)
    }

    @Test(arguments: [0, 8, 9, 40, 112])
    func `a damaged key is refused and not replaced`(byte: Int) throws {
        _ = try directory.keys(puzzleBitCount: 4)
        var bytes = try #require(scratch.read("key"))
        bytes[byte] ^= 1
        scratch.write(bytes, to: "key")
        let error = #expect(throws: DataError.self) { try directory.keys(puzzleBitCount: 4) }
        #expect(error?.description.contains("new identity") == true)
        #expect(scratch.read("key") == bytes)
    }

    @Test(arguments: [0, 8, 100, 112])
    func `a key cut short is refused`(count: Int) throws {
        _ = try directory.keys(puzzleBitCount: 4)
        let bytes = try #require(scratch.read("key"))
        scratch.write(Array(bytes.prefix(count)), to: "key")
        #expect(throws: DataError.self) { try directory.keys(puzzleBitCount: 4) }
    }

    @Test func `two nodes don't share a directory, and a lock ends with its holder`() throws {
        let directory = try directory
        do {
            let lock = try directory.lock()
            let error = #expect(throws: DataError.self) { _ = try directory.lock() }
            #expect(error?.description.contains("Another node") == true)
            _ = consume lock
        }
        _ = try directory.lock()
    }

    @Test func `a lock ends with its holder, though a process being started has its file`() throws {
        let directory = try directory
        var copy: CInt = -1
        defer { close(copy) }
        do {
            let lock = try directory.lock()
            // What a process that another thread starts has until it runs its own program.
            copy = try #require(openFile("lock").map { dup($0) })
            #expect(throws: DataError.self) { _ = try directory.lock() }
            _ = consume lock
        }
        _ = try directory.lock()
    }

    /// The descriptor by which this process has a file of the scratch folder open.
    private func openFile(_ name: String) -> CInt? {
        var (wanted, found) = (stat(), stat())
        // Both structures live for the length of the calls.
        guard unsafe stat(scratch.path + "/" + name, &wanted) == 0 else { return nil }
        return (0..<1_024).first { number in
            unsafe fstat(number, &found) == 0 && found.st_ino == wanted.st_ino
                && found.st_dev == wanted.st_dev
        }
    }

    @Test func `records of peers come back as they were kept`() throws {
        let records = (0..<3).map { index in
            NodeRecord(
                keys: .seeded(UInt64(index)), sequence: 1,
                addresses: [PeerAddress(10, 0, 0, UInt8(index), port: 7_777)])
        }
        let directory = try directory
        #expect(directory.keptPeers().isEmpty)
        try directory.keep(peers: records)
        #expect(directory.keptPeers() == records)
        let bytes = try #require(scratch.read("peers"))
        for count in [0, 1, 20, bytes.count - 1] {
            scratch.write(Array(bytes.prefix(count)), to: "peers")
            #expect(directory.keptPeers().isEmpty)
        }
    }

    @Test func `a running node is found while it holds the lock, and not after`() throws {
        let directory = try directory
        let node = RunningNode(
            address: PeerAddress(127, 0, 0, 1, port: 7_777), processID: Int(getpid()),
            swarm: "say \"hi\"\n", id: NodeID(.zero))
        #expect(directory.runningNode() == nil)
        do {
            let lock = try directory.lock()
            try directory.announce(node, holding: lock)
            #expect(directory.runningNode() == node)
        }
        // As after kill -9: the file is there, and nobody holds the lock.
        #expect(scratch.read("node.json") != nil)
        // A process that another test is just starting holds the descriptor too, until it runs
        // its own program.
        for _ in 0..<200 where directory.runningNode() != nil { usleep(5_000) }
        #expect(directory.runningNode() == nil)
        let lock = try directory.lock()
        directory.withdraw(holding: lock)
        #expect(scratch.read("node.json") == nil)
    }

    @Test func `a directory that can't be made is named`() {
        let error = #expect(throws: DataError.self) { try DataDirectory("/proc/nowhere/data") }
        #expect(error?.description.contains("/proc/nowhere") == true)
    }

    @Test func `the directory comes from the environment, else from home`() {
        #expect(DataDirectory.defaultPath { $0 == "HOME" ? "/a" : nil } == "/a/.bored")
        #expect(DataDirectory.defaultPath { $0 == "BORED_DATA" ? "/d" : "/h" } == "/d")
    }

    @Test func `a mapped file shows its bytes, and an absent one is named`() throws {
        _ = try directory
        let bytes = (0..<10_000).map { UInt8(truncatingIfNeeded: $0) }
        scratch.write(bytes, to: "weights")
        scratch.write([], to: "empty")
        let region = try MappedFile.open(scratch.path + "/weights")
        #expect(region.bytes == bytes)
        #expect(try MappedFile.open(scratch.path + "/empty").byteCount == 0)
        let error = #expect(throws: SystemError.self) { try MappedFile.open(scratch.path + "/no") }
        #expect(error?.description == "open \(scratch.path)/no: No such file or directory")
    }
}

@Suite struct SequenceTests {
    let scratch = Scratch()

    @Test func `sequences rise over a restart though the clock was set back an hour`() throws {
        let directory = try DataDirectory(scratch.path)
        let wall: UInt64 = 1_700_000_000_000
        #expect(directory.firstSequence(wallMilliseconds: wall) == wall)
        // It ran for ten minutes, and ended without a word half a minute after its last note.
        try directory.noteSequence(wall + 600_000)
        let used = wall + 630_000
        #expect(directory.firstSequence(wallMilliseconds: wall - 3_600_000) > used)
        #expect(directory.firstSequence(wallMilliseconds: wall + 7_200_000) == wall + 7_200_000)
        scratch.write(Array("nonsense".utf8), to: "sequence")
        #expect(directory.firstSequence(wallMilliseconds: wall) == wall)
    }
}
