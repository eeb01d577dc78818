import Glibc

/// An open file, read and written at offsets.
struct File: ~Copyable, Sendable {
    private let descriptor: Descriptor
    let path: String

    init(_ path: String, _ flags: CInt, mode: mode_t = 0o644) throws(SystemError) {
        let call = "open \(path)"
        // A C string for the length of the call.
        let number = unsafe open(path, flags | O_CLOEXEC, mode)
        descriptor = try Descriptor(number >= 0 ? number : -errno, call)
        self.path = path
    }

    var number: CInt { descriptor.number }

    var byteCount: Int {
        get throws(SystemError) {
            var status = stat()
            // The structure lives for the length of the call.
            guard unsafe fstat(number, &status) == 0 else { throw .last("stat \(path)") }
            return Int(status.st_size)
        }
    }

    /// Up to `count` bytes from `offset`; fewer where the file ends.
    func read(at offset: Int, count: Int) throws(SystemError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let got = unsafe bytes.withUnsafeMutableBytes { buffer in
                // Within the buffer: `filled` is below `count`.
                unsafe pread(
                    number, buffer.baseAddress?.advanced(by: filled), count - filled,
                    off_t(offset + filled))
            }
            if got == 0 { break }
            guard got > 0 || errno == EINTR else { throw .last("read \(path)") }
            filled += max(0, got)
        }
        if filled < count { bytes.removeLast(count - filled) }
        return bytes
    }

    /// What comes out of a pipe or a terminal up to its end; no more than a byte beyond `limit`.
    func readStream(limit: Int) throws(SystemError) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while bytes.count <= limit {
            let wanted = min(chunk.count, limit + 1 - bytes.count)
            let got = unsafe chunk.withUnsafeMutableBytes { buffer in
                // Within the buffer.
                unsafe Glibc.read(number, buffer.baseAddress, wanted)
            }
            if got == 0 { break }
            guard got > 0 || errno == EINTR else { throw .last("read \(path)") }
            bytes += chunk[..<max(0, got)]
        }
        return bytes
    }

    func write(_ bytes: [UInt8], at offset: Int) throws(SystemError) {
        var written = 0
        while written < bytes.count {
            let put = unsafe bytes.withUnsafeBytes { buffer in
                // Within the buffer: `written` is below its count.
                unsafe pwrite(
                    number, buffer.baseAddress?.advanced(by: written), bytes.count - written,
                    off_t(offset + written))
            }
            guard put >= 0 || errno == EINTR else { throw .last("write \(path)") }
            written += max(0, put)
        }
    }

    /// Makes the file this long; what is added reads as zeros.
    func resize(_ byteCount: Int) throws(SystemError) {
        guard ftruncate(number, off_t(byteCount)) == 0 else { throw .last("truncate \(path)") }
    }

    /// What was written survives a crash of the machine after this.
    func synchronize() throws(SystemError) {
        // A file system that can't (EINVAL) has nothing to lose either.
        guard fsync(number) == 0 || errno == EINVAL else { throw .last("fsync \(path)") }
    }

    /// Whether somebody else has taken the file. For the length of the call nobody else can.
    var isLocked: Bool {
        guard flock(number, LOCK_EX | LOCK_NB) == 0 else { return true }
        flock(number, LOCK_UN)
        return false
    }
}

/// A file taken for this process, until this value or the process ends.
///
/// It is given back in words, not by closing the file: a process that another thread is just
/// starting has the descriptor too, until it runs its own program, and would hold the lock on.
struct FileLock: ~Copyable, Sendable {
    private let file: File

    /// Nil where another has it.
    init?(_ file: consuming File) {
        guard flock(file.number, LOCK_EX | LOCK_NB) == 0 else { return nil }
        self.file = file
    }

    deinit { flock(file.number, LOCK_UN) }
}
