import Glibc
import Primitives

/// The file calls that a node needs, each with the path in its error.
enum Files {
    /// The whole of a file; nil where there is none. Throws EFBIG beyond `limit` bytes.
    static func read(_ path: String, limit: Int) throws(SystemError) -> [UInt8]? {
        let file: File
        do {
            file = try File(path, O_RDONLY)
        } catch {
            if error.code == ENOENT { return nil }
            throw error
        }
        // A pipe has no size, and nobody knows where it ends.
        let bytes =
            byteCount(path) == nil
            ? try file.readStream(limit: limit)
            : try file.read(at: 0, count: min(limit + 1, try file.byteCount))
        guard bytes.count <= limit else { throw SystemError(code: EFBIG, call: "read \(path)") }
        return bytes
    }

    /// A small file of the kernel's, without the line end; nil where it can't be read.
    static func text(_ path: String) -> String? {
        guard let file = try? File(path, O_RDONLY | O_NONBLOCK),
            let bytes = try? file.read(at: 0, count: Limits.sensorFileByteCount)
        else { return nil }
        var text = String(decoding: bytes, as: UTF8.self)
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }

    /// Replaces a file by another in one step: after a crash there is the old one or the new one.
    ///
    /// - Parameter isDurable: waits until the disk has it. What can be made again, and is checked
    ///   when it is read, need not wait.
    static func write(
        _ bytes: [UInt8], to path: String, mode: mode_t = 0o644, isDurable: Bool = true
    ) throws(SystemError) {
        var file = try NewFile(at: path + ".new", mode: mode, isDurable: isDurable)
        try file.append(bytes)
        try file.name(path)
    }

    /// Makes a file that nobody has made yet, in one step; false where somebody has, who keeps it.
    static func create(
        _ bytes: [UInt8], at path: String, mode: mode_t
    ) throws(SystemError) -> Bool {
        let temporary = path + ".\(getpid())"
        try remove(temporary)
        // Two C strings for the length of the call.
        defer { _ = unsafe unlink(temporary) }
        let file = try File(temporary, O_WRONLY | O_CREAT | O_EXCL, mode: mode)
        try file.write(bytes, at: 0)
        try file.synchronize()
        guard unsafe link(temporary, path) == 0 else {
            if errno == EEXIST { return false }
            throw .last("link \(path)")
        }
        try synchronizeDirectory(of: path)
        return true
    }

    /// Renames and, where `isDurable`, makes the new name survive a crash.
    static func rename(_ path: String, to target: String, isDurable: Bool = true)
        throws(SystemError)
    {
        // C strings for the length of the call.
        guard unsafe Glibc.rename(path, target) == 0 else { throw .last("rename \(path)") }
        if isDurable { try synchronizeDirectory(of: target) }
    }

    static func synchronizeDirectory(of path: String) throws(SystemError) {
        let folder = parent(of: path)
        try File(folder, O_RDONLY | O_DIRECTORY).synchronize()
    }

    /// Removes a file; its absence is no error.
    static func remove(_ path: String) throws(SystemError) {
        guard unsafe unlink(path) != 0 else { return }
        guard errno == ENOENT else { throw .last("remove \(path)") }
    }

    /// Makes a directory and those above it; one that is there is left as it is.
    static func makeDirectory(_ path: String, mode: mode_t = 0o755) throws(SystemError) {
        if isDirectory(path) { return }
        let above = parent(of: path)
        if above != path { try makeDirectory(above, mode: 0o755) }
        guard unsafe mkdir(path, mode) != 0 else { return }
        guard errno == EEXIST else { throw .last("mkdir \(path)") }
    }

    static func isDirectory(_ path: String) -> Bool {
        status(path).map { $0.st_mode & S_IFMT == S_IFDIR } ?? false
    }

    /// The size of a regular file, or nil where there is none.
    static func byteCount(_ path: String) -> Int? {
        status(path).flatMap { $0.st_mode & S_IFMT == S_IFREG ? Int($0.st_size) : nil }
    }

    /// When a file was last read, in seconds since 1970; nil where there is none.
    static func accessSeconds(_ path: String) -> UInt64? {
        status(path).map { UInt64(max(0, $0.st_atim.tv_sec)) }
    }

    /// Tells one content of a regular file from another.
    struct Stamp: Equatable {
        var seconds: Int
        var nanoseconds: Int
        var byteCount: Int
    }

    /// Nil where there is no regular file.
    static func stamp(_ path: String) -> Stamp? {
        status(path).flatMap { status in
            guard status.st_mode & S_IFMT == S_IFREG else { return nil }
            return Stamp(
                seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec,
                byteCount: Int(status.st_size))
        }
    }

    /// The permission bits and the owner, or nil where there is nothing.
    static func permissions(_ path: String) -> (mode: mode_t, owner: uid_t)? {
        status(path).map { ($0.st_mode & 0o7777, $0.st_uid) }
    }

    /// The names in a directory, sorted; none where there is no directory.
    static func list(_ path: String) -> [String] {
        guard let directory = unsafe opendir(path) else { return [] }
        // The directory is open until the end of this function, and each entry is read at once.
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                unsafe tuple.withMemoryRebound(to: CChar.self, capacity: 256) { text in
                    unsafe String(cString: text)
                }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Removes a directory with all that is in it; what resists stays.
    static func removeAll(_ path: String) {
        if isDirectory(path) {
            for name in list(path) { removeAll(path + "/" + name) }
            // An empty directory; what failed above is seen by whoever looks.
            _ = unsafe rmdir(path)
        } else {
            _ = unsafe unlink(path)
        }
    }

    static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    static func name(of path: String) -> String {
        String(path.split(separator: "/").last ?? "")
    }

    private static func status(_ path: String) -> stat? {
        var status = stat()
        // The structure lives for the length of the call.
        return unsafe stat(path, &status) == 0 ? status : nil
    }
}
