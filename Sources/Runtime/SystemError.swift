import Glibc

/// A call of the system that failed: the machine's mistake, or its owner's.
///
/// Codes that only this program's own mistakes produce (a closed descriptor, a bad pointer) never
/// become an error: they trap.
public struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The errno.
    public let code: CInt
    /// The call, and what it was about: `open /data/key`.
    public let call: String

    public init(code: CInt, call: String) {
        if code == EBADF || code == EFAULT { fatalError("\(call): our mistake (errno \(code))") }
        self.code = code
        self.call = call
    }

    /// The last error of this thread.
    static func last(_ call: String) -> SystemError { SystemError(code: errno, call: call) }

    /// What the code means, in the words of the C library.
    public var reason: String {
        // strerror_r writes at most the size it is given, with its terminator.
        var text = [CChar](repeating: 0, count: 256)
        guard unsafe strerror_r(code, &text, text.count) == 0 else { return "errno \(code)" }
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    public var description: String { "\(call): \(reason)" }
}

/// The count or descriptor that a call returned, or its negated errno as an error.
func checked(_ status: CInt, _ call: @autoclosure () -> String) throws(SystemError) -> CInt {
    guard status >= 0 else { throw SystemError(code: -status, call: call()) }
    return status
}
