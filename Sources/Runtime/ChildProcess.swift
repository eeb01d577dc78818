public import Glibc

/// A process that this one started.
public struct ChildProcess: Sendable {
    public let processID: pid_t

    /// This program's own file.
    public static var ownPath: String { "/proc/self/exe" }

    /// Starts `path`; both of its outputs go to the file `log`. The child ends with this process.
    public init(path: String, arguments: [String], log: String) throws(SystemError) {
        var actions = unsafe posix_spawn_file_actions_t()
        // The structure is initialised before and destroyed after its only use.
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        for descriptor in [STDOUT_FILENO, STDERR_FILENO] {
            unsafe posix_spawn_file_actions_addopen(
                &actions, descriptor, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        }
        let words: [UnsafeMutablePointer<CChar>?] =
            unsafe ([path] + arguments).map { unsafe strdup($0) } + [nil]
        defer { unsafe words.forEach { word in unsafe free(word) } }
        var processID: pid_t = 0
        // The vector ends in nil, and its words live until the call returns.
        let status = unsafe posix_spawn(&processID, path, &actions, nil, words, environ)
        guard status == 0 else { throw SystemError(code: status, call: "posix_spawn \(path)") }
        self.processID = processID
    }

    /// Asks it to leave.
    public func terminate() { _ = kill(processID, SIGTERM) }

    /// Ends it at once.
    public func end() { _ = kill(processID, SIGKILL) }

    /// Waits until it has ended; its status as `waitpid` gives it.
    @discardableResult
    public func wait() -> Int32 {
        var status: Int32 = 0
        // The status is this function's own.
        while unsafe waitpid(processID, &status, 0) < 0, errno == EINTR {}
        return status
    }
}

/// A directory that is removed, with all that is in it, when its owner is gone.
public struct TemporaryDirectory: ~Copyable {
    public let path: String

    public init(prefix: String) throws(SystemError) {
        var template = Array("/tmp/\(prefix)-XXXXXX".utf8CString)
        // The template is a terminated string of this function's own.
        guard unsafe mkdtemp(&template) != nil else { throw SystemError.last("mkdtemp") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { Files.removeAll(path) }
}
