/// One request's part of a batch: neighbouring positions behind those that its state holds.
public struct Segment {
    public var state: KeyValueState
    public var rowCount: Int
    /// Of those the last ones, whose outputs are wanted: what comes of the others is but their keys
    /// and values.
    public var outputRowCount: Int

    /// Every output is wanted where `outputRowCount` is nil.
    public init(state: KeyValueState, rowCount: Int, outputRowCount: Int? = nil) {
        self.state = state
        self.rowCount = rowCount
        self.outputRowCount = outputRowCount ?? rowCount
        precondition((0...rowCount).contains(self.outputRowCount))
    }

    /// Rows without an output.
    var skippedCount: Int { rowCount - outputRowCount }
}
