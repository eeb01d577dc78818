public import Checkpoints
import Glibc

/// A file in memory, read only: what readers of checkpoints look into.
@safe
public final class MappedFile: Sendable {
    private let address: UInt
    private let byteCount: Int

    private init(address: UInt, byteCount: Int) {
        self.address = address
        self.byteCount = byteCount
    }

    deinit {
        // Mapped in `open`, unmapped here only; regions keep this object alive.
        _ = unsafe munmap(UnsafeMutableRawPointer(bitPattern: address), byteCount)
    }

    /// The bytes of a file. Whoever shortens the file while it is mapped ends this process: models
    /// are replaced by renaming.
    public static func open(_ path: String) throws(SystemError) -> Region {
        let file = try File(path, O_RDONLY)
        let byteCount = try file.byteCount
        guard byteCount > 0 else { return Region([]) }
        // The kernel chooses the place; the mapping outlives the descriptor.
        let mapping = unsafe mmap(nil, byteCount, PROT_READ, MAP_PRIVATE, file.number, 0)
        guard let mapping = unsafe mapping, unsafe mapping != MAP_FAILED else {
            throw .last("mmap \(path)")
        }
        let owner = MappedFile(address: UInt(bitPattern: mapping), byteCount: byteCount)
        // The owner unmaps when the last region that shows it is gone.
        return unsafe Region(
            owner: owner, bytes: UnsafeRawBufferPointer(start: mapping, count: byteCount))
    }
}
