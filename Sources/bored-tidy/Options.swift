import Foundation

/// What was asked on the command line; anything else ends the program.
struct Options {
    var root = "."
    /// A built `bored`: its subcommands and options are compared with the documents.
    var binary: String?
    /// The folder of a release build: the cores' objects are read.
    var objects: String?

    init(_ arguments: [String]) {
        var rest = arguments[...]
        while let name = rest.popFirst() {
            guard let value = rest.popFirst() else { Self.refuse(name) }
            switch name {
            case "--root": root = value
            case "--binary": binary = value
            case "--objects": objects = value
            default: Self.refuse(name)
            }
        }
    }

    private static func refuse(_ name: String) -> Never {
        print("usage: bored-tidy [--root DIR] [--binary PATH] [--objects DIR]; not '\(name)'")
        exit(64)
    }
}
