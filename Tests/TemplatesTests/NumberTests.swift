import Checkpoints
import Primitives
import Templates
import Testing

/// A template comes from a stranger, so no number in it may stop the process.
struct NumberTests {
    private static let filters = [
        "abs", "attr", "batch", "capitalize", "center", "count", "d", "default", "dictsort", "e",
        "escape", "first", "float", "forceescape", "format", "groupby", "indent", "int", "items",
        "join", "last", "length", "list", "lower", "map", "max", "min", "reject", "rejectattr",
        "replace", "reverse", "round", "safe", "select", "selectattr", "slice", "sort", "string",
        "sum", "title", "tojson", "trim", "truncate", "unique", "upper", "urlencode", "wordcount",
    ]
    private static let methods = [
        "strip", "lstrip", "rstrip", "split", "rsplit", "splitlines", "startswith", "endswith",
        "replace", "upper", "lower", "title", "capitalize", "swapcase", "casefold", "join", "find",
        "rfind", "index", "rindex", "count", "format", "isdigit", "isdecimal", "isnumeric",
        "isalpha", "isalnum", "isspace", "islower", "isupper", "isascii", "zfill", "center",
        "ljust", "rjust", "partition", "rpartition", "removeprefix", "removesuffix", "expandtabs",
        "get", "items", "keys", "values", "copy", "append", "pop",
    ]
    private static let tests = [
        "odd", "even", "divisibleby", "sameas", "eq", "ne", "lt", "le", "gt", "ge", "in", "lower",
        "upper", "defined", "none", "number", "string", "sequence", "filter", "test",
    ]
    private static let operators = [
        "+", "-", "*", "/", "//", "%", "**", "~", "==", "!=", "<", "<=", ">", ">=", "in", "and",
    ]
    private static let names = [
        "width", "length", "leeway", "precision", "base", "count", "indent", "default",
        "attribute", "start", "maxsplit", "killwords", "first", "fill_with", "method", "by",
    ]
    private static let numbers: [JSONValue] = [
        .integer(.min), .integer(.min + 1), .integer(-1), .integer(0), .integer(1), .integer(2),
        .integer(.max - 1), .integer(.max), .number(.greatestFiniteMagnitude), .number(-1e308),
        .number(1e19), .number(-0x1p63), .number(.leastNonzeroMagnitude), .number(.nan),
        .number(.infinity),
        .number(-.infinity), .number(-0.0), .number(0.5), .bool(true),
    ]
    private static let others: [JSONValue] = [
        .null, .string(""), .string("a b\tc\nd, é"), .string("-7"), .string("9223372036854775808"),
        .string(" "), .array([]), .array([.integer(.min), .integer(-1), .number(.nan)]),
        .array([.string("a"), .string("b")]), .string("%d"), .string("{:d}"),
    ]

    /// `n0`, `n1`, ... are the numbers and `v0`, ... they and the other values.
    private static let variables: JSONObject = {
        var object = JSONObject()
        for (index, value) in numbers.enumerated() { object.add(value, for: "n\(index)") }
        for (index, value) in (numbers + others).enumerated() {
            object.add(value, for: "v\(index)")
        }
        return object
    }()
    private static let numberNames = numbers.indices.map { "n\($0)" }
    private static let valueNames = (0..<numbers.count + others.count).map { "v\($0)" }

    /// Whether it renders; a trap would end the test.
    private func renders(_ expression: String) -> Bool {
        do throws(TemplateError) {
            _ = try Template("{{ " + expression + " }}").render(Self.variables)
            return true
        } catch {
            return false
        }
    }

    @Test func `filters, methods, tests and operators take any one number`() {
        var count = 0
        for value in Self.valueNames {
            for number in Self.numberNames {
                for name in Self.filters where renders("\(value)|\(name)(\(number))") { count += 1 }
                for name in Self.methods where renders("\(value).\(name)(\(number))") { count += 1 }
                for name in Self.tests where renders("\(value) is \(name)(\(number))") {
                    count += 1
                }
                for sign in Self.operators where renders("\(value) \(sign) \(number)") {
                    count += 1
                }
                for other in ["-\(value)", "+\(value)", "\(value)[\(number)]"] where renders(other)
                {
                    count += 1
                }
            }
        }
        #expect(count > 20_000)
    }

    @Test(arguments: [UInt64(1), 2, 3])
    func `calls with many numbers, slices and ranges render or fail`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        func any(_ all: [String]) -> String { all[random.below(all.count)] }
        func number() -> String { any(Self.numberNames) }
        func arguments() -> String {
            (0...random.below(4)).map { _ in
                switch random.below(4) {
                case 0: any(Self.valueNames)
                case 1: "'x'"
                default: number()
                }
            }.joined(separator: ", ")
        }
        var failedCount = 0
        for _ in 0..<6_000 {
            let value = any(Self.valueNames)
            let expression =
                switch random.below(8) {
                case 0: "\(value)|\(any(Self.filters))(\(arguments()))"
                case 1: "\(value)|\(any(Self.filters))(\(any(Self.names))=\(number()))"
                case 2: "'a b c d\n' * 9|\(any(Self.filters))(\(arguments()))"
                case 3: "\(value).\(any(Self.methods))(\(arguments()))"
                case 4: "'a b c d'.\(any(Self.methods))(\(any(["' ', ", "'x', ", ""]))\(number()))"
                case 5:
                    any(["'abcdef'", "[1, 2, 3]", "(1, 2)"])
                        + "[\(number()):\(number()):\(number())]"
                case 6: "range(\(number()), \(number()), \(number()))|length"
                default: "\(value)|\(any(Self.filters))|\(any(Self.filters))(\(number()))"
                }
            if !renders(expression) { failedCount += 1 }
        }
        #expect((300..<5_700).contains(failedCount), "seed \(seed): \(failedCount)")
    }

    @Test(arguments: [UInt64(1), 2])
    func `formats of any width and type take any number`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        func any(_ all: [String]) -> String { all[random.below(all.count)] }
        let sizes = ["", "0", "1", "7", "300", "9999", "10001", "9223372036854775807"]
        let types = [
            "d", "i", "u", "x", "X", "o", "b", "c", "s", "r", "f", "e", "E", "g", "G", "%",
        ]
        var count = 0
        for _ in 0..<3_000 {
            let flags = any([
                "", "-", "+", " ", "#", "0", "+0", "*", "<", "^", "é=", "=", "0>", "#0",
            ])
            let precision = any(["", ".", ".0", ".1", ".10000", ".99999999999999999999"])
            let layout = flags + any(sizes) + any(["", ","]) + precision + any(types)
            let value = any(Self.valueNames)
            if renders("'%\(layout)' % \(value)") { count += 1 }
            if renders("'{:\(layout)}'.format(\(value))") { count += 1 }
        }
        #expect(count > 1_000, "seed \(seed): \(count)")
    }

    @Test func `numbers that Python would take further are refused by name`() {
        for (source, reason) in [
            ("n0|abs", "64 bits"), ("-n0", "64 bits"), ("n0 // n2", "64 bits"),
            ("'%c' % n2", "no character"), ("'{:c}'.format(n7)", "no character"),
            ("'abc'|truncate(n0)", "length"), ("'abc'|truncate(9, leeway=n2)", "leeway"),
        ] {
            do throws(TemplateError) {
                let text = try Template("{{ \(source) }}").render(Self.variables)
                Issue.record("\(source): \(text)")
            } catch {
                #expect("\(error)".contains(reason), "\(source): \(error)")
            }
        }
        // As Python has them.
        for (source, expected) in [
            ("'a'.ljust(n0) ~ 'b'.center(n1) ~ 'c'.zfill(n0) ~ '-d'.zfill(n1)", "abc-d"),
            ("'a b c'.rsplit(' ', n7)", "['a', 'b', 'c']"), ("n0 is divisibleby(n2)", "True"),
            ("'abcdef'|truncate(n7, leeway=n7)", "abcdef"), ("n14|round", "inf"), ("5|round", "5"),
            ("25|round(-1)", "20"), ("35|round(-1)", "40"), ("-26|round(-1)", "-30"),
            ("n7|round(-30)", "0"), ("-7|round(1)", "-7"), ("5|round(0, 'ceil')", "5.0"),
            ("'%.0f%%' % 1e300 != ''", "True"), ("'{:%}'.format(1e308)", "inf%"),
        ] {
            let text = try? Template("{{ \(source) }}").render(Self.variables)
            #expect(text == expected, "\(source)")
        }
    }
}
