import Glibc

/// A file descriptor and who closes it.
struct Descriptor: ~Copyable, Sendable {
    let number: CInt

    /// Takes over a descriptor, or throws the negated errno that stands in its place.
    init(_ status: CInt, _ call: @autoclosure () -> String) throws(SystemError) {
        number = try checked(status, call())
    }

    deinit { close(number) }
}
