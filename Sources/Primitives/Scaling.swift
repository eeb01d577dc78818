extension Int {
    /// `self * numerator / denominator` of counts in which others may have had a say: where that is
    /// no `Int`, the largest there is.
    public func scaled(by numerator: Int, over denominator: Int) -> Int {
        precondition(self >= 0 && numerator >= 0 && denominator > 0)
        let product = magnitude.multipliedFullWidth(by: numerator.magnitude)
        guard product.high < denominator.magnitude else { return .max }
        return Int(clamping: denominator.magnitude.dividingFullWidth(product).quotient)
    }
}
