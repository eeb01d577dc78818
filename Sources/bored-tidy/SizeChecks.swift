/// Lines of at most 100 columns, files of at most 400 lines.
func checkSizes(_ source: Source) -> [Finding] {
    var findings: [Finding] = []
    for (index, line) in source.lines.enumerated() where line.count > 100 {
        findings.append(
            Finding(path: source.path, line: index + 1, message: "\(line.count) columns, not 100"))
    }
    if source.lines.count > 401 {
        let message = "\(source.lines.count - 1) lines: a file of more than 400 is two files"
        findings.append(Finding(path: source.path, line: 1, message: message))
    }
    return findings
}

/// Functions of at most 70 lines, from their first line to their closing brace.
func checkFunctions(_ source: Source) -> [Finding] {
    guard source.isSwift else { return [] }
    let head =
        #/
        ^ \s* (?: (?: @\w+ (?: \([^)]*\) )? | public | private | fileprivate | internal | package
            | static | mutating | consuming | borrowing | nonisolated (?: \(unsafe\) )?
            | override | final | convenience | required ) \s+ )*
        (?: func\b | init [?]? [\(<] | deinit\b | subscript\b )
        /#
    var findings: [Finding] = []
    for (start, line) in source.code.enumerated() where line.contains(head) {
        guard let end = closingLine(from: start, in: source.code), end - start >= 70 else {
            continue
        }
        let message = "a function of \(end - start + 1) lines, not 70"
        findings.append(Finding(path: source.path, line: start + 1, message: message))
    }
    return findings
}

/// The line of the brace that closes the first one opened at or behind `start`; nil where a
/// declaration has no body.
private func closingLine(from start: Int, in code: [String]) -> Int? {
    var braces = 0
    var parentheses = 0
    for index in start..<code.count {
        for character in code[index] {
            switch character {
            case "(": parentheses += 1
            case ")": parentheses -= 1
            case "{" where parentheses == 0 || braces > 0: braces += 1
            case "}" where braces > 0:
                braces -= 1
                if braces == 0 { return index }
            case "}" where parentheses == 0: return nil
            default: break
            }
        }
    }
    return nil
}
