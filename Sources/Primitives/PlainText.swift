extension String {
    /// Whether it has no control characters: what strangers call things stands on people's
    /// terminals.
    public var isPlain: Bool {
        unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
    }
}
