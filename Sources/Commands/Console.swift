import Glibc
import Runtime
import Synchronization

/// The terminal: answers on the standard output, everything else on the standard error.
public enum Console {
    /// Writes at once, without a line end.
    public static func out(_ text: String) { write(text, to: STDOUT_FILENO) }
    public static func line(_ text: String) { out(text + "\n") }
    public static func note(_ text: String) { write(text + "\n", to: STDERR_FILENO) }

    /// Why not all of the answer was written: a full disk, for one. Nil where nobody reads any
    /// more, which is the reader's own choice.
    static var failure: String? {
        switch firstError.load(ordering: .relaxed) {
        case 0, EPIPE: nil
        case EBADF: "the standard output is closed"
        case let code: SystemError(code: code, call: "write").reason
        }
    }

    /// Opens what of the three standard descriptors is closed, for nobody to write to: else the
    /// first file that is opened takes its number, and gets the answers.
    static func fillClosedDescriptors() {
        for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) == -1 {
            // A constant path; the lowest free number is this one.
            _ = unsafe open("/dev/null", O_RDONLY)
        }
    }

    private static let firstError = Atomic<Int32>(0)

    private static func write(_ text: String, to descriptor: Int32) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            // The pointer and the count belong to the slice.
            let written = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.write(descriptor, buffer.baseAddress, buffer.count)
            }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else {
                if descriptor == STDOUT_FILENO {
                    _ = firstError.compareExchange(
                        expected: 0, desired: errno, ordering: .relaxed)
                }
                return
            }
            bytes = bytes.dropFirst(written)
        }
    }

    /// Everything that comes from the standard input, up to `limit` bytes; nil where it is more or
    /// not UTF-8.
    static func readInput(limit: Int) -> String? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while bytes.count <= limit {
            // The buffer's own size is passed.
            let count = unsafe read(STDIN_FILENO, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return String(validating: bytes, as: UTF8.self) }
            bytes += buffer[0..<count]
        }
        return nil
    }
}

/// One JSON object on one line, fields in the order in which they are added.
struct JSONLine {
    private var fields: [String] = []

    mutating func add(_ name: String, _ value: String) {
        fields.append(JSONText.quoted(name) + ":" + JSONText.quoted(value))
    }
    mutating func add(_ name: String, _ value: Int) { add(name, raw: String(value)) }
    mutating func add(_ name: String, _ value: Bool) { add(name, raw: value ? "true" : "false") }
    mutating func add(_ name: String, _ value: Double) { add(name, raw: decimal(value, 3)) }
    mutating func add(_ name: String, _ values: [Int]) {
        add(name, raw: "[" + values.map(String.init).joined(separator: ",") + "]")
    }
    mutating func add(_ name: String, _ values: [String]) {
        add(name, raw: "[" + values.map { JSONText.quoted($0) }.joined(separator: ",") + "]")
    }
    mutating func add(_ name: String, _ values: [Float]) {
        add(name, raw: "[" + values.map { JSONText.number($0) }.joined(separator: ",") + "]")
    }
    mutating func add(_ name: String, _ objects: [JSONLine]) {
        add(name, raw: "[" + objects.map(\.text).joined(separator: ",") + "]")
    }
    mutating func add(_ name: String, _ object: JSONLine) { add(name, raw: object.text) }
    mutating func add(_ name: String, raw: String) {
        fields.append(JSONText.quoted(name) + ":" + raw)
    }

    var text: String { "{" + fields.joined(separator: ",") + "}" }
}

extension JSONText {
    /// The shortest digits that give this number again; null where it is none.
    static func number(_ value: some BinaryFloatingPoint & CustomStringConvertible) -> String {
        value.isFinite ? value.description : "null"
    }
}

/// A number with so many digits behind the point, without Foundation's formats.
func decimal(_ value: Double, _ digits: Int) -> String {
    guard value.isFinite else { return "0" }
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let scaled = (value.magnitude * scale).rounded()
    guard scaled < 9e15 else { return String(value) }
    let whole = Int(scaled) / Int(scale)
    let rest = String(Int(scaled) % Int(scale))
    let sign = value < 0 && scaled > 0 ? "-" : ""
    guard digits > 0 else { return sign + String(whole) }
    return sign + "\(whole)." + String(repeating: "0", count: digits - rest.count) + rest
}

/// Bytes for people: `1.5 GiB`.
func size(_ byteCount: UInt64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"]
    var value = Double(byteCount)
    var unit = 0
    while value >= 1_024, unit < units.count - 1 {
        value /= 1_024
        unit += 1
    }
    return decimal(value, unit == 0 ? 0 : 1) + " " + units[unit]
}
