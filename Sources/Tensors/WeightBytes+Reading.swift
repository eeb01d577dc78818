extension WeightBytes {
    /// A copy of the bytes of `range`: for headers and other small parts.
    public func bytes(in range: Range<Int>) -> [UInt8] {
        precondition(range.lowerBound >= 0 && range.upperBound <= byteCount)
        // Inside the memory, checked above, and never written again.
        return unsafe Array(
            UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count))
    }
}
