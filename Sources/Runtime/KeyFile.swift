import Glibc
public import Identity
public import Primitives

/// A node's secrets on disk: magic, version, seed, agreement secret, puzzle nonce, check.
///
///     0   8  "boredkey"
///     8   1  version, 1
///     9  32  Ed25519 seed
///     41 32  X25519 secret
///     73  8  puzzle nonce
///     81 32  BLAKE2b-256 of the 81 bytes before
enum KeyFile {
    private static let magic = Array("boredkey".utf8)
    private static let version: UInt8 = 1
    static let byteCount = 113

    static func encode(_ keys: NodeKeys) -> [UInt8] {
        var writer = ByteWriter(reserving: byteCount)
        writer.write(magic)
        writer.write(version)
        writer.write(keys.signingSeed.bytes)
        writer.write(keys.agreementSecret.bytes)
        writer.write(keys.puzzleNonce)
        writer.write(Digest.of(writer.bytes, for: .token))
        return writer.bytes
    }

    /// The keys, or what is wrong with the bytes.
    static func decode(_ bytes: [UInt8]) throws(DataError) -> NodeKeys {
        guard bytes.starts(with: magic), bytes.count > magic.count else {
            throw DataError("it is not a key file")
        }
        guard bytes[magic.count] == version else {
            throw DataError("its version \(bytes[magic.count]) is not \(version)")
        }
        guard bytes.count == byteCount,
            Digest.of(Array(bytes.dropLast(32)), for: .token).bytes == Array(bytes.suffix(32))
        else { throw DataError("it is damaged") }
        var reader = ByteReader(bytes[9..<81])
        guard let seed = try? reader.readBytes(32), let secret = try? reader.readBytes(32),
            let nonce = try? reader.readUInt64()
        else { throw DataError("it is damaged") }
        return NodeKeys(
            signingSeed: Bytes32(seed), agreementSecret: Bytes32(secret), puzzleNonce: nonce)
    }
}

extension DataDirectory {
    /// This node's keys, made at its first start.
    ///
    /// Throws where others may read the file, or where it is damaged: a node never takes a new
    /// identity silently.
    public func keys(puzzleBitCount: Int = Limits.puzzleBitCount) throws(DataError) -> NodeKeys {
        let path = file("key")
        do {
            if let bytes = try Files.read(path, limit: 4_096) { return try read(bytes, at: path) }
            let keys = NodeKeys.make(
                entropy: SystemEntropy.bytes(64), puzzleBitCount: puzzleBitCount)
            if try Files.create(KeyFile.encode(keys), at: path, mode: 0o600) { return keys }
            // Another program has made its first start in the same moment.
            guard let bytes = try Files.read(path, limit: 4_096) else {
                throw DataError("The key file \(path) is gone again.")
            }
            return try read(bytes, at: path)
        } catch let error as SystemError {
            throw DataError("The key file can't be used: \(error).")
        } catch let error as DataError {
            throw error
        } catch {
            throw DataError("\(error)")
        }
    }

    private func read(_ bytes: [UInt8], at path: String) throws(DataError) -> NodeKeys {
        if let (mode, _) = Files.permissions(path), mode & 0o077 != 0 {
            throw DataError(
                "The key file \(path) may be read by others (mode \(String(mode, radix: 8))): "
                    + "run chmod 600 \(path), and think about whether the key is still a secret.")
        }
        do { return try KeyFile.decode(bytes) } catch {
            throw DataError(
                "The key file \(path) can't be used, \(error): restore it, or move it away to "
                    + "start with a new identity.")
        }
    }
}
