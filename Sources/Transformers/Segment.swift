/// One request's part of a batch: neighbouring positions behind those that its state holds.
public struct Segment {
    public var state: KeyValueState
    public var rowCount: Int

    public init(state: KeyValueState, rowCount: Int) {
        self.state = state
        self.rowCount = rowCount
    }
}
