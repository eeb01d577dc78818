import CLinux
import Glibc
import Primitives

/// A file that is being written and gets its name once it is whole. What is left off before leaves
/// nothing behind: half of it helps nobody, least of all on a full disk.
///
/// Where the disk is waited for, whole blocks go there past the kernel's cache (open(2), O_DIRECT),
/// if the file system can do that: copying them into the cache takes a processor about as long as
/// hashing them.
struct NewFile: ~Copyable {
    private let file: File
    private let isDurable: Bool
    private var isDirect = false
    private(set) var byteCount = 0
    private var isNamed = false

    /// Begins the file at a path of its own, in place of one that a crash left there, which may
    /// have another mode.
    init(at path: String, mode: mode_t = 0o644, isDurable: Bool) throws(SystemError) {
        try Files.remove(path)
        file = try File(path, O_WRONLY | O_CREAT | O_EXCL, mode: mode)
        self.isDurable = isDurable
    }

    deinit {
        if !isNamed { try? Files.remove(file.path) }
    }

    mutating func append(_ bytes: [UInt8]) throws(SystemError) {
        try file.write(bytes, at: byteCount)
        byteCount += bytes.count
    }

    /// Adds the first `count` bytes of a block. Only the last one may be less than whole.
    mutating func append(_ block: Block, count: Int) throws(SystemError) {
        if byteCount == 0, isDurable { isDirect = bored_file_bypass_cache(file.number, 1) == 0 }
        // The rest of a sector can't go alone.
        if count % Block.alignment != 0 { useCache() }
        var written = 0
        while written < count {
            let put = block.write(
                from: written, upTo: count, to: file.number, at: byteCount + written)
            if put < 0, errno != EINTR, isDirect {
                // Another alignment is wanted, or the file system can't after all. What is wrong
                // with the disk is wrong with the cache, too.
                useCache()
                continue
            }
            guard put >= 0 || errno == EINTR else { throw .last("write \(file.path)") }
            written += max(0, put)
        }
        byteCount += count
    }

    private mutating func useCache() {
        guard isDirect else { return }
        isDirect = false
        bored_file_bypass_cache(file.number, 0)
    }

    /// Gives it its name, in place of what has that name.
    consuming func name(_ path: String) throws(SystemError) {
        if isDurable { try file.synchronize() }
        try Files.rename(file.path, to: path, isDurable: isDurable)
        isNamed = true
    }
}
