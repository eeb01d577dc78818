internal import Identity
public import Primitives

/// Names of a request's rows in front of a layer: each is a digest of all rows up to that one.
///
/// Equal names are equal rows of one entry, so a stage that has kept what it computed for an
/// earlier request needs the names alone. Requests of different entries never share a name: how
/// long an answer takes must not tell one prompter what another asked.
public struct RowNames: Sendable {
    /// What the first row's name begins with.
    public let origin: Digest
    /// By position.
    public private(set) var digests: [Digest] = []

    /// Of rows that layer `layer` gets.
    public init(entry: NodeID, model: Digest, layer: Int) {
        let scope = Digest.of(entry.bytes + model.bytes, for: .prefix)
        origin = Digest.of(scope, layer, for: .prefix)
    }

    /// Takes a step's rows for the next ones, or the names that somebody else gave them.
    public mutating func add(_ step: Step) {
        if step.isNamed {
            digests += step.names
        } else {
            add(rows: step.rows, rowCount: step.rowCount)
        }
    }

    /// Names the next rows.
    public mutating func add(rows: [UInt8], rowCount: Int) {
        let rowByteCount = rows.count / rowCount
        for row in 0..<rowCount {
            let bytes = rows[row * rowByteCount..<(row + 1) * rowByteCount]
            digests.append(Digest.of((digests.last ?? origin).bytes + bytes, for: .prefix))
        }
    }

    /// Forgets the rows from `position` on.
    public mutating func truncate(to position: Int) {
        digests.removeLast(max(0, digests.count - position))
    }
}
