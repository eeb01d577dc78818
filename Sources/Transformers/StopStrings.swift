/// Finds the first stop string in a text that arrives in parts, and holds back what may become one.
public struct StopStrings: Sendable {
    private let patterns: [[UInt8]]
    private var held: [UInt8] = []
    public private(set) var isFound = false

    public init(_ texts: [String]) {
        precondition(texts.allSatisfy { !$0.isEmpty })
        patterns = texts.map { Array($0.utf8) }
    }

    /// Adds text and returns what can be shown. After a stop string nothing can be.
    public mutating func append(_ text: String) -> String {
        guard !isFound else { return "" }
        guard !patterns.isEmpty else { return text }
        held.append(contentsOf: text.utf8)
        return scan(isComplete: false)
    }

    /// The text ends: what was held back can be shown, up to a stop string in it.
    public mutating func finish() -> String { isFound ? "" : scan(isComplete: true) }

    /// Releases text up to the first place where a stop string begins, or may begin.
    private mutating func scan(isComplete: Bool) -> String {
        var shownCount = 0
        while shownCount < held.count {
            if patterns.contains(where: { matches($0, at: shownCount) == .whole }) {
                isFound = true
                return release(shownCount, keepRest: false)
            }
            if !isComplete,
                patterns.contains(where: { matches($0, at: shownCount) == .beginning })
            {
                break
            }
            shownCount += 1
        }
        return release(shownCount, keepRest: true)
    }

    private enum Match { case none, beginning, whole }

    private func matches(_ pattern: [UInt8], at start: Int) -> Match {
        let count = min(pattern.count, held.count - start)
        for index in 0..<count where held[start + index] != pattern[index] { return .none }
        return count == pattern.count ? .whole : .beginning
    }

    private mutating func release(_ count: Int, keepRest: Bool) -> String {
        let shown = String(decoding: held[..<count], as: UTF8.self)
        held.removeSubrange(..<(keepRest ? count : held.count))
        return shown
    }
}
