import Glibc
import Identity
import Primitives
import Wire

/// The files of pieces, named by their roots.
///
///     ROOT         a complete piece
///     ROOT.part    chunks that came, at their offsets; the rest is zeros
///     ROOT.chunks  the digests of all chunks, in order
///     import.new   a piece that is being imported: its root is known at its end
///
/// Which chunks of a `.part` are there is not written anywhere: after a crash, hashing says it.
struct PieceFiles: Sendable {
    let path: String

    func complete(_ root: Digest) -> String { "\(path)/\(root)" }
    func part(_ root: Digest) -> String { "\(path)/\(root).part" }
    func chunks(_ root: Digest) -> String { "\(path)/\(root).chunks" }
    var imported: String { "\(path)/import.new" }

    func isComplete(_ entry: PieceEntry) -> Bool {
        Files.byteCount(complete(entry.root)) == Int(entry.byteCount)
    }

    /// The chunk digests that are kept, if they are those the root commits to.
    func chunkDigests(of entry: PieceEntry) throws(SystemError) -> [Digest]? {
        let byteCount = entry.chunkCount * 32
        guard let bytes = try Files.read(chunks(entry.root), limit: byteCount),
            bytes.count == byteCount
        else { return nil }
        let digests = stride(from: 0, to: byteCount, by: 32).map {
            Digest(Bytes32(bytes[$0..<$0 + 32]))
        }
        return entry.matches(chunkDigests: digests) ? digests : nil
    }

    func keep(
        chunkDigests: [Digest], of entry: PieceEntry, isDurable: Bool = true
    ) throws(SystemError) {
        try Files.write(
            chunkDigests.flatMap(\.bytes), to: chunks(entry.root), isDurable: isDurable)
    }

    /// Chunk `index` of an open file of `entry`.
    static func readChunk(_ index: Int, of entry: PieceEntry, from file: borrowing File)
        throws(SystemError) -> [UInt8]
    {
        try file.read(
            at: index * Limits.chunkByteCount, count: entry.byteCount(ofChunk: index))
    }

    /// Removes every file of a piece.
    func remove(_ root: Digest) throws(SystemError) {
        try Files.remove(part(root))
        try Files.remove(complete(root))
        try Files.remove(chunks(root))
        // What a process that was killed left half-written.
        for path in [complete(root), chunks(root)] { try Files.remove(path + ".new") }
    }

    /// The roots that files here are named by, in order, each once.
    func roots() -> [Digest] {
        var roots: [Digest] = []
        for name in Files.list(path) {
            guard let root = Bytes32(hexadecimal: name.prefix(64)).map({ Digest($0) }) else {
                continue
            }
            if roots.last != root { roots.append(root) }
        }
        return roots
    }
}

/// A piece that is being fetched.
struct PartialPiece: ~Copyable, Sendable {
    let entry: PieceEntry
    let chunkDigests: [Digest]
    private let file: File
    private var isPresent: [Bool]
    private(set) var missingCount: Int

    /// Opens or makes the `.part` file and hashes what is there already.
    init(_ entry: PieceEntry, chunkDigests: [Digest], in files: PieceFiles) throws(SystemError) {
        let file = try File(files.part(entry.root), O_RDWR | O_CREAT)
        let isOld = try file.byteCount > 0
        if try file.byteCount != Int(entry.byteCount) { try file.resize(Int(entry.byteCount)) }
        var isPresent = [Bool](repeating: false, count: entry.chunkCount)
        for index in isPresent.indices where isOld {
            let bytes = try PieceFiles.readChunk(index, of: entry, from: file)
            isPresent[index] = Digest.of(bytes, for: .chunk) == chunkDigests[index]
        }
        missingCount = isPresent.count { !$0 }
        self.entry = entry
        self.chunkDigests = chunkDigests
        self.file = file
        self.isPresent = isPresent
    }

    var missingChunks: [Int] { isPresent.indices.filter { !isPresent[$0] } }
    func has(_ index: Int) -> Bool { isPresent[index] }

    func readChunk(_ index: Int) throws(SystemError) -> [UInt8] {
        try PieceFiles.readChunk(index, of: entry, from: file)
    }

    /// Writes a chunk whose digest was compared.
    mutating func write(_ bytes: [UInt8], chunk index: Int) throws(SystemError) {
        try file.write(bytes, at: index * Limits.chunkByteCount)
        isPresent[index] = true
        missingCount -= 1
    }

    func synchronize() throws(SystemError) { try file.synchronize() }
}
