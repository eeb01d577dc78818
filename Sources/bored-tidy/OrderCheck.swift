import Foundation

/// No walk over a dictionary or a set in a core: its order changes with every process.
///
/// Names declared in the same file with such a type are followed; a walk that is sorted on the same
/// line is fine.
func checkOrder(_ source: Source) -> [Finding] {
    guard source.isSwift, let room = source.room, cores.contains(room) else { return [] }
    let declaration =
        #/
        (?:var|let) \s+ (\w+) \s*
        (?: : \s* (?: \[ [^\[\]\(]+ : \s | Set< | Dictionary< )
          | = \s* (?: \[ [^\[\]\(]+ : \s [^\[\]]+ \] \( | Set< | Set\( ) )
        /#
    var names: Set<String> = []
    for line in source.code {
        for match in line.matches(of: declaration) { names.insert(String(match.1)) }
    }
    let walks = "keys|values|map|compactMap|flatMap|filter|forEach|reduce|min|max|first|popFirst"
    var findings: [Finding] = []
    for name in names.sorted() {
        let rules = [
            Rule("\\bin (self\\.)?\(name)\\s*(\\{|where\\b|$)", ""),
            Rule("(?<![\\w.])(self\\.)?\(name)\\.(\(walks))\\b", ""),
        ]
        for (index, line) in source.code.enumerated() where !line.contains(".sorted") {
            for rule in rules where rule.violation(in: line) != nil {
                let message = "a walk over '\(name)', which has no order: use OrderedTable"
                findings.append(Finding(path: source.path, line: index + 1, message: message))
            }
        }
    }
    return findings
}
