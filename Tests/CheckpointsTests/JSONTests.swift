import Checkpoints
import Testing

struct JSONTests {
    static func parse(_ text: String) throws(CheckpointError) -> JSONValue {
        try JSONValue(parsing: Array(text.utf8), file: "x.json")
    }

    @Test func `values of every kind are read`() throws {
        let text =
            #" {"a": [1, -2.5, 1e3, true, false, null, "x\n\u00e9\ud83d\ude00\/"], "b": {}} "#
        let json = try Self.parse(text)
        let values = try #require(json["a"]?.array)
        #expect(values[0].integer == 1 && values[1].number == -2.5 && values[2].integer == 1_000)
        #expect(values[3].bool == true as Bool? && values[4].bool == false as Bool?)
        #expect(values[5] == .null && values[6].string == "x\né😀/")
        #expect(json["b"]?.object?.keys == [] && json["c"] == nil)
        #expect(try Self.parse("9223372036854775808").number == 0x1p63)
    }

    @Test func `equivalent names that differ in bytes are two members`() throws {
        let json = try Self.parse("{\"\u{E9}\": 1, \"e\u{301}\": 2}")
        #expect(json["\u{E9}"]?.integer == 1 && json["e\u{301}"]?.integer == 2)
    }

    @Test(arguments: [
        "", " ", "{", "[1,]", "{\"a\":1,}", "{\"a\" 1}", "{a:1}", "tru", "01", "1.", "-", "1e",
        "\"\\x\"", "\"\\u12g4\"", "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"a\nb\"", "\"abc", "1 2",
        "[1}", "{\"a\":1,\"a\":2}", "1e999", "\u{FEFF}1", "nan", "+1",
    ])
    func `broken text is refused with its place`(text: String) {
        guard
            case .malformed("x.json", let offset, let expected, _) = failure({
                () throws(CheckpointError) in try Self.parse(text)
            })
        else {
            Issue.record("'\(text)' was accepted")
            return
        }
        #expect((0...text.utf8.count).contains(offset) && !expected.isEmpty)
    }

    @Test func `bytes that are no UTF-8 and nesting without end are refused`() {
        let bytes: [UInt8] = [0x22, 0xC3, 0x28, 0x22]
        #expect(
            failure { () throws(CheckpointError) in try JSONValue(parsing: bytes, file: "x") }
                != nil)
        for open in ["[", "{\"a\":"] {
            let text = String(repeating: open, count: 200_000)
            #expect(failure { () throws(CheckpointError) in try Self.parse(text) } != nil)
        }
    }
}
