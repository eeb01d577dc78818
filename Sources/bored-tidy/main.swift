// Checks what a compiler doesn't: sizes, words, order, documents, and the purity of the cores.
//
//     bored-tidy [--root DIR] [--binary PATH] [--objects DIR]
//
// Prints `file:line: message` for each finding and ends with 1 when there is one.
import Foundation

let options = Options(Array(CommandLine.arguments.dropFirst()))
let tree = Tree(root: options.root)
var findings: [Finding] = []
for path in tree.sources {
    let source = Source(path: path, text: tree.text(path))
    findings += checkSizes(source)
    findings += checkFunctions(source)
    findings += checkWords(source)
    findings += checkOrder(source)
    findings += checkImports(source)
}
for path in tree.texts { findings += checkLeftovers(path, tree.text(path)) }
let documents = DocumentCheck(tree: tree, binary: options.binary)
for path in tree.documents { findings += documents.check(path) }
if let objects = options.objects { findings += checkPurity(objects) }
for finding in findings.sorted() { print(finding) }
print(
    "bored-tidy: \(tree.sources.count) sources, \(tree.documents.count) documents, ", terminator: ""
)
print(findings.isEmpty ? "nothing to say" : "\(findings.count) findings")
exit(findings.isEmpty ? 0 : 1)
