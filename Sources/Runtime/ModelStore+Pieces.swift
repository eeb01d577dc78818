import Glibc
import Identity
public import Primitives
import Synchronization
public import Tensors
public import Wire

/// Pieces on the disk: taken chunk by chunk behind a checked hash, and read again.
extension ModelStore {
    /// Takes a piece off the disk, with whatever is known of it.
    public func remove(_ entry: PieceEntry) throws(DataError) {
        parts.withLock { _ = $0.remove(entry.root) }
        try attempt { () throws(SystemError) in try files.remove(entry.root) }
    }

    public func isComplete(_ entry: PieceEntry) -> Bool { files.isComplete(entry) }

    /// The digests of a piece's chunks, or nil while they are not known.
    public func chunkDigests(of entry: PieceEntry) -> [Digest]? {
        (try? files.chunkDigests(of: entry)) ?? nil
    }

    /// Makes room for a piece whose chunks come next; false where the digests are not those that
    /// its root commits to. What an earlier run had fetched of it counts.
    public func begin(_ entry: PieceEntry, chunkDigests: [Digest]) throws(DataError) -> Bool {
        guard entry.matches(chunkDigests: chunkDigests) else { return false }
        if files.isComplete(entry) { return true }
        try attempt { () throws(SystemError) in
            try Files.makeDirectory(files.path)
            try files.keep(chunkDigests: chunkDigests, of: entry)
        }
        _ = try part(of: entry)
        return true
    }

    /// The chunks that are still to come; all of them while the chunk list is not known.
    public func missingChunks(of entry: PieceEntry) throws(DataError) -> [Int] {
        if files.isComplete(entry) { return [] }
        guard let part = try part(of: entry) else { return Array(0..<entry.chunkCount) }
        return part.piece.withLock { $0.missingChunks }
    }

    /// Checks a chunk against the list, and keeps it.
    public func store(_ bytes: [UInt8], chunk index: Int, of entry: PieceEntry) throws(DataError)
        -> ChunkVerdict
    {
        guard (0..<entry.chunkCount).contains(index) else { return .unexpected }
        if files.isComplete(entry) { return .known }
        guard let part = try part(of: entry) else { return .unexpected }
        let digest = Digest.of(bytes, for: .chunk)
        let verdict = try attempt { () throws(SystemError) in
            try part.piece.withLock { piece throws(SystemError) -> ChunkVerdict in
                guard piece.chunkDigests[index] == digest else { return .mismatched }
                guard !piece.has(index) else { return .known }
                try piece.write(bytes, chunk: index)
                guard piece.missingCount == 0 else { return .stored }
                // The bytes reach the disk before the name says that they are whole.
                try piece.synchronize()
                try Files.rename(files.part(entry.root), to: files.complete(entry.root))
                return .completed
            }
        }
        if verdict == .completed { parts.withLock { _ = $0.remove(entry.root) } }
        return verdict
    }

    /// A chunk that is on the disk, or nil. Its reader compares the hash.
    public func readChunk(_ index: Int, of entry: PieceEntry) throws(DataError) -> [UInt8]? {
        guard (0..<entry.chunkCount).contains(index) else { return nil }
        if files.isComplete(entry) {
            return try attempt { () throws(SystemError) in
                let file = try File(files.complete(entry.root), O_RDONLY)
                return try PieceFiles.readChunk(index, of: entry, from: file)
            }
        }
        guard let part = try part(of: entry) else { return nil }
        return try attempt { () throws(SystemError) in
            try part.piece.withLock { piece throws(SystemError) in
                piece.has(index) ? try piece.readChunk(index) : nil
            }
        }
    }

    /// A complete piece, read and checked chunk by chunk.
    ///
    /// Throws where the piece is not complete, or where the disk gave other bytes than were stored;
    /// then the piece counts as incomplete, and only its bad chunks are fetched again.
    public func readPiece(_ entry: PieceEntry) throws(DataError) -> WeightBytes {
        guard files.isComplete(entry) else {
            throw DataError(
                "A piece of the model is missing (\(entry.root.short)): it was removed, or never "
                    + "came; import it, or start a node with it.")
        }
        var badChunk: Int?
        let weights = try attempt { () throws(SystemError) in
            let file = try File(files.complete(entry.root), O_RDONLY)
            let known = try files.chunkDigests(of: entry)
            var digests: [Digest] = []
            let weights = try WeightBytes(byteCount: Int(entry.byteCount)) {
                span throws(SystemError) in
                for index in 0..<entry.chunkCount {
                    let bytes = try PieceFiles.readChunk(index, of: entry, from: file)
                    guard bytes.count == entry.byteCount(ofChunk: index) else {
                        badChunk = badChunk ?? index
                        return
                    }
                    let digest = Digest.of(bytes, for: .chunk)
                    if let known, known[index] != digest { badChunk = badChunk ?? index }
                    digests.append(digest)
                    span.write(bytes, at: index * Limits.chunkByteCount)
                }
            }
            if badChunk == nil, known == nil {
                if PieceEntry.root(of: digests) == entry.root {
                    try files.keep(chunkDigests: digests, of: entry)
                } else {
                    badChunk = 0
                }
            }
            return weights
        }
        guard let badChunk else { return weights }
        try attempt { () throws(SystemError) in
            try Files.rename(files.complete(entry.root), to: files.part(entry.root))
        }
        throw DataError(
            "The piece \(entry.root) is damaged on the disk (chunk \(badChunk)): a node with this "
                + "model fetches it again, and so does importing it.")
    }

    /// The open part of a piece whose chunk list is known, opened where it is not.
    private func part(of entry: PieceEntry) throws(DataError) -> Part? {
        if let part = parts.withLock({ $0[entry.root] }) { return part }
        return try attempt { () throws(SystemError) -> Part? in
            guard let digests = try files.chunkDigests(of: entry) else { return nil }
            return try parts.withLock { parts throws(SystemError) -> Part in
                if let part = parts[entry.root] { return part }
                let part = Part(try PartialPiece(entry, chunkDigests: digests, in: files))
                parts[entry.root] = part
                return part
            }
        }
    }
}
