import CLinux
import Glibc

/// A thread of the operating system, which the cooperative pool knows nothing of.
@safe
public final class PlainThread: Sendable {
    // pthread_t is an integer here; it is joined at most once, by the caller of `join`.
    private let handle: pthread_t

    /// Starts `body`. The name (at most 15 bytes) is what `top -H` shows.
    ///
    /// - Parameter isBackground: the thread runs only where nobody else wants its core.
    public init(
        name: String, isBackground: Bool = false, _ body: @escaping @Sendable () -> Void
    ) throws(SystemError) {
        let start = unsafe Unmanaged.passRetained(
            Start(name: name, isBackground: isBackground, body: body))
        var handle = pthread_t()
        // The new thread takes over the retained object; where there is none, it is released here.
        let status = unsafe pthread_create(
            &handle, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                unsafe Unmanaged<Start>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, start.toOpaque())
        guard status == 0 else {
            unsafe start.release()
            throw SystemError(code: status, call: "pthread_create")
        }
        self.handle = handle
    }

    /// Waits until the body has returned. Called at most once.
    public func join() {
        let status = pthread_join(handle, nil)
        precondition(status == 0, "a thread is joined once, and not by itself")
    }

    /// Lets other threads of this core go first.
    public static func yield() { sched_yield() }
}

private final class Start: Sendable {
    private let name: String
    private let isBackground: Bool
    private let body: @Sendable () -> Void

    init(name: String, isBackground: Bool, body: @escaping @Sendable () -> Void) {
        self.name = name
        self.isBackground = isBackground
        self.body = body
    }

    func run() {
        // A C string for the length of the call.
        unsafe bored_thread_name(name)
        if isBackground { bored_thread_background() }
        body()
    }
}
