/// Why the data of a node can't be used, in one sentence for its owner.
public struct DataError: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String

    public init(_ sentence: String) { description = sentence }
    init(_ error: SystemError) { description = "\(error)" }
}
