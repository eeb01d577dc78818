/// Immutable bytes and what keeps them alive: an array, or a file that a shell has mapped.
///
/// Every access is bounds-checked; offsets count from the region's first byte. A range outside the
/// region is this program's mistake and traps: readers compare sizes with `byteCount` first.
@safe
public struct Region: Sendable {
    private enum Storage: Sendable {
        case array([UInt8])
        // An address and not a pointer, because pointers are not Sendable; the owner keeps the
        // bytes behind it alive and unchanged.
        case foreign(owner: any AnyObject & Sendable, address: UInt)
    }

    private let storage: Storage
    public let byteCount: Int

    public init(_ bytes: [UInt8]) {
        storage = .array(bytes)
        byteCount = bytes.count
    }

    /// Bytes that somebody else owns. They must stay at their address, unchanged, for as long as
    /// `owner` lives.
    @unsafe
    public init(owner: any AnyObject & Sendable, bytes: UnsafeRawBufferPointer) {
        byteCount = bytes.count
        if let base = bytes.baseAddress {
            storage = .foreign(owner: owner, address: UInt(bitPattern: base))
        } else {
            storage = .array([])
        }
    }

    /// Calls `body` with the bytes of `range`; the pointer must not leave it.
    public func withUnsafeBytes<Result>(
        in range: Range<Int>, _ body: (UnsafeRawBufferPointer) -> Result
    ) -> Result {
        precondition(range.lowerBound >= 0 && range.upperBound <= byteCount)
        switch storage {
        case .array(let array):
            return unsafe array.withUnsafeBytes { all in
                // The range was checked above.
                unsafe body(UnsafeRawBufferPointer(rebasing: all[range]))
            }
        case .foreign(let owner, let address):
            // The initialiser's caller promised that the owner keeps these bytes.
            defer { withExtendedLifetime(owner) {} }
            let base = unsafe UnsafeRawPointer(bitPattern: address)
            let all = unsafe UnsafeRawBufferPointer(start: base, count: byteCount)
            return unsafe body(UnsafeRawBufferPointer(rebasing: all[range]))
        }
    }

    /// A copy of the bytes of `range`.
    public func bytes(in range: Range<Int>) -> [UInt8] {
        unsafe withUnsafeBytes(in: range) { bytes in unsafe Array(bytes) }
    }

    /// Copies the bytes of `range` behind others.
    public func append(bytesIn range: Range<Int>, to bytes: inout [UInt8]) {
        unsafe withUnsafeBytes(in: range) { own in unsafe bytes.append(contentsOf: own) }
    }

    /// A copy of all bytes.
    public var bytes: [UInt8] { bytes(in: 0..<byteCount) }

    /// The little-endian integer at `offset`, which needs no alignment.
    public func integer<Value: FixedWidthInteger>(_ type: Value.Type, at offset: Int) -> Value {
        let range = offset..<offset + MemoryLayout<Value>.size
        return unsafe withUnsafeBytes(in: range) { bytes in
            // Integers have no invalid bit patterns.
            Value(littleEndian: unsafe bytes.loadUnaligned(as: Value.self))
        }
    }
}

/// A region and the name of the file that it shows, without its folder.
public struct NamedRegion: Sendable {
    public var name: String
    public var region: Region

    public init(name: String, region: Region) {
        self.name = name
        self.region = region
    }
}
