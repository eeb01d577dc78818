import Glibc
import Primitives
import Runtime

/// A text as it grows, and between its lines what happens meanwhile.
final class CommuteScreen {
    private static let indent = "         "
    private static let fullColumn = 70
    private let isJSON: Bool
    private let isTerminal = isatty(STDOUT_FILENO) == 1
    private let start = SystemClock.now()
    private var column = 0

    init(isJSON: Bool) { self.isJSON = isJSON }

    /// The next part of the text; lines end between words.
    func text(_ piece: String) {
        guard !isJSON else { return }
        for character in piece {
            let isSpace = character == " " || character == "\n"
            if isSpace, character == "\n" || column >= Self.fullColumn { endLine() }
            if isSpace, column == 0 { continue }
            if column == 0 {
                Console.out(Self.indent)
                column = Self.indent.count
            }
            Console.out(String(character))
            column += 1
        }
    }

    /// A line of its own with the time at which it happened.
    func event(_ sentence: String) {
        guard !isJSON else { return }
        endLine()
        let seconds = decimal(SystemClock.now().since(start).seconds, 1)
        let time = String(repeating: " ", count: max(0, 5 - seconds.count)) + seconds
        let line = "\(time) s  \(sentence)"
        // Faint, so that the text stands out.
        Console.line(isTerminal ? "\u{1B}[2m\(line)\u{1B}[0m" : line)
    }

    /// A line that stands by itself.
    func line(_ sentence: String) {
        guard !isJSON else { return }
        endLine()
        Console.line(sentence)
    }

    func object(_ line: JSONLine) {
        if isJSON { Console.line(line.text) }
    }

    private func endLine() {
        if column > 0 { Console.out("\n") }
        column = 0
    }
}
