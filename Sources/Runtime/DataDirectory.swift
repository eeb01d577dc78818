import Glibc
public import Identity
import Primitives

/// Where a node keeps what outlives it: its key, the peers it knew, its models.
///
///     key            secrets, mode 0600, made at the first start
///     sequence       a number that no record of an earlier run reached
///     peers          records of peers, to join again
///     node.json      how to reach the node that runs here; absent when none does
///     lock           held by the node that runs here
///     presence.sock  where the node takes signals of its owner's programs
///     pause, traffic see OwnerFiles
///     models/        see ModelStore
///     prompters/     by name, a directory with the key of whoever prompts by that name
public struct DataDirectory: Sendable {
    public let path: String

    /// Makes the directory (mode 0700) where it is absent.
    public init(_ path: String) throws(DataError) {
        self.path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        do {
            try Files.makeDirectory(self.path, mode: 0o700)
        } catch {
            throw DataError("The data directory \(path) can't be made: \(error.reason).")
        }
        guard Files.isDirectory(self.path) else {
            throw DataError("\(path) is a file: a data directory is wanted.")
        }
        guard unsafe access(self.path, R_OK | W_OK | X_OK) == 0 else {
            throw DataError(
                "The data directory \(path) can't be used: \(SystemError.last("access").reason).")
        }
    }

    /// `BORED_DATA`, or `.bored` in the home directory.
    public static func defaultPath(environment: (String) -> String?) -> String {
        if let path = environment("BORED_DATA"), !path.isEmpty { return path }
        return (environment("HOME") ?? "/tmp") + "/.bored"
    }

    func file(_ name: String) -> String { path + "/" + name }
}

// MARK: one node at a time

/// Held by the node that uses a data directory; given back when the node ends, however it ends.
public struct DataLock: ~Copyable, Sendable {
    private let lock: FileLock
    fileprivate init(_ lock: consuming FileLock) { self.lock = lock }
}

extension DataDirectory {
    /// Takes the directory for this process, or throws with a sentence about who has it.
    public func lock(otherwise sentence: String? = nil) throws(DataError) -> DataLock {
        // Somebody who asks whether a node runs here holds the lock for microseconds.
        for attempt in 0..<6 {
            if attempt > 0 { usleep(10_000) }
            do {
                let file = try File(self.file("lock"), O_RDWR | O_CREAT, mode: 0o600)
                if let lock = FileLock(file) { return DataLock(lock) }
            } catch {
                throw DataError(error)
            }
        }
        throw DataError(
            sentence
                ?? "Another node uses the data directory \(path): stop it, or give this one "
                + "another by --data.")
    }

    /// The directory of whoever prompts by a name: nodes know prompts of one name for one
    /// prompter's. Traps where the name would lead elsewhere.
    public func prompter(named name: String) throws(DataError) -> DataDirectory {
        precondition(Self.isPrompterName(name))
        return try DataDirectory(DataDirectory(file("prompters")).file(name))
    }

    /// Letters, digits, - and _, and not too many.
    public static func isPrompterName(_ name: String) -> Bool {
        (1...Limits.prompterNameByteCount).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }
}

// MARK: peers

extension DataDirectory {
    /// Keeps records of peers for the next start, at most `Limits.keptPeerCount` of them.
    public func keep(peers: [NodeRecord]) throws(DataError) {
        var writer = ByteWriter(reserving: 4_096)
        writer.write(Self.peersVersion)
        let kept = peers.prefix(Limits.keptPeerCount)
        writer.writeVarint(kept.count)
        for record in kept { writer.write(record) }
        do { try Files.write(writer.bytes, to: file("peers"), mode: 0o600, isDurable: false) } catch
        {
            throw DataError(error)
        }
    }

    /// The records that were kept; none where the file is absent or damaged, since peers can be
    /// found otherwise. Signatures are not looked at: the node does before it uses one.
    public func keptPeers() -> [NodeRecord] {
        let limit = Limits.keptPeerCount * (Limits.recordByteCount + 2) + 16
        guard let bytes = try? Files.read(file("peers"), limit: limit) else { return [] }
        return (try? Self.decodePeers(bytes)) ?? []
    }

    private static let peersVersion: UInt8 = 1

    private static func decodePeers(_ bytes: [UInt8]) throws(WireError) -> [NodeRecord] {
        var reader = ByteReader(bytes)
        guard try reader.readUInt8() == peersVersion else { throw .invalid }
        var records: [NodeRecord] = []
        for _ in 0..<(try reader.readCount(limit: Limits.keptPeerCount)) {
            records.append(try reader.readRecord())
        }
        try reader.finish()
        return records
    }
}
