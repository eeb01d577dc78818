import CLinux
import Primitives

/// A counter that threads wait on: they look for a while, then sleep in the kernel (futex).
@safe
final class Gate: Sendable {
    // Allocated once, freed in deinit; the functions behind it use atomic operations only.
    nonisolated(unsafe) private let gate: UnsafeMutablePointer<bored_gate>

    init() {
        guard let gate = unsafe bored_gate_make() else { fatalError("out of memory") }
        unsafe self.gate = gate
    }

    deinit { unsafe bored_gate_free(gate) }

    var value: UInt32 { unsafe bored_gate_value(gate) }
    func advance() { unsafe bored_gate_advance(gate) }

    /// Returns once the value is not `seen`, or when `limit` is over.
    func wait(whileAt seen: UInt32, spinCount: Int, limit: Interval? = nil) {
        let nanoseconds = limit.map { max(1, $0.nanoseconds) } ?? 0
        unsafe bored_gate_wait(gate, seen, CInt(spinCount), nanoseconds)
    }
}
