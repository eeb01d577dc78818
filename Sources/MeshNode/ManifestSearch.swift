internal import Primitives
internal import Shards

/// A model that somebody wants and whose manifest is not here yet.
struct ManifestSearch: Sendable {
    var query: ManifestQuery
    /// Serve layers of it once found, or only tell the shell.
    var isServed: Bool
    var nextTry: Instant
}
