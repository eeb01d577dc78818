import Identity
import Primitives
import Runtime

/// Who asks: somebody new each time, so that nobody can tell which prompts are one person's; or,
/// by `--as`, whoever prompted by that name before, for whom stages may have kept pages.
struct Prompter: ~Copyable {
    let keys: NodeKeys
    let firstSequence: UInt64
    private let directory: DataDirectory?
    private let lock: DataLock?
    private let startedAt = SystemClock.now()

    /// Whether it may prompt again.
    var isNamed: Bool { directory != nil }

    /// Whom the options say.
    static func of(_ settings: Settings, _ data: DataDirectory) throws -> Prompter {
        guard let name = settings.string("as") else { return Prompter() }
        guard DataDirectory.isPrompterName(name) else {
            throw UsageError(
                "--as takes 1 to \(Limits.prompterNameByteCount) letters, digits, - and _.")
        }
        return try Prompter(named: name, in: data)
    }

    /// Somebody new.
    init() {
        keys = NodeKeys.make(entropy: SystemEntropy.bytes(64))
        firstSequence = wallMilliseconds()
        directory = nil
        lock = nil
    }

    /// Throws where somebody prompts by the name already.
    init(named name: String, in data: DataDirectory) throws(DataError) {
        let directory = try data.prompter(named: name)
        let held = try directory.lock(
            otherwise:
                "A prompt by the name '\(name)' is under way: wait for it, or take another name.")
        let known = try directory.keys()
        let first = directory.firstSequence(wallMilliseconds: wallMilliseconds())
        try directory.noteSequence(first)
        (keys, firstSequence) = (known, first)
        self.directory = directory
        lock = consume held
    }

    /// The prompt is over.
    func leave() {
        // Where that fails, the clock goes on.
        try? directory?.noteSequence(
            firstSequence + SystemClock.now().since(startedAt).milliseconds)
    }
}
