import Commands
import Primitives
import Testing

private let command = CommandSpecification(
    "node", "Runs a node.", operands: "[NAME]", operandCount: 0...1,
    options: [
        OptionSpecification(
            "listen", .value("ADDR:PORT"), "where to listen", standard: "0.0.0.0:7777"),
        OptionSpecification("peer", .list("ADDR:PORT"), "a peer to join"),
        OptionSpecification("max-tokens", .value("N"), "how many tokens"),
        OptionSpecification("memory", .value("SIZE"), "memory to lend"),
        OptionSpecification("json", .flag, "say it in JSON"),
        OptionSpecification("config", .value("PATH"), "a file of settings"),
    ])

private func settings(
    _ arguments: [String], environment: [String: String] = [:], file: String? = nil
) throws -> Settings {
    try Settings(
        command, arguments: arguments, environment: { environment[$0] },
        readFile: { _ in file.map { Array($0.utf8) } })
}

private func refusal(
    _ arguments: [String], environment: [String: String] = [:], file: String? = nil
) -> String? {
    let error = #expect(throws: UsageError.self) {
        try settings(arguments, environment: environment, file: file)
    }
    return error?.description
}

struct SettingsTests {
    @Test
    func `the command line wins over the environment, that over the file, that over defaults`()
        throws
    {
        let file = #"{"listen": "1.1.1.1:1", "max-tokens": 5, "json": true, "text": "x"}"#
        #expect(try settings([]).string("listen") == "0.0.0.0:7777")
        let one = try settings(["--config", "f"], file: file)
        #expect(one.string("listen") == "1.1.1.1:1")
        #expect(try one.integer("max-tokens", in: 1...10) == 5)
        #expect(one.flag("json"))
        let environment = ["BORED_LISTEN": "2.2.2.2:2", "BORED_CONFIG": "f", "BORED_JSON": "0"]
        let two = try settings([], environment: environment, file: file)
        #expect(two.string("listen") == "2.2.2.2:2")
        #expect(!two.flag("json"))
        let three = try settings(["--listen=3.3.3.3:3"], environment: environment, file: file)
        #expect(try three.address("listen") == PeerAddress(3, 3, 3, 3, port: 3))
    }

    @Test func `a file's flags are read like the environment's, and its mistakes are told`() throws
    {
        for (text, isSet) in [("true", true), ("1", true), ("\"0\"", false)] {
            let file = "{\"json\": \(text)}"
            #expect(try settings(["--config", "f"], file: file).flag("json") == isSet)
        }
        #expect(
            refusal(["--config", "f"], file: #"{"json": "yes"}"#)
                == "In f, 'json' is 1 or 0, not 'yes'.")
        #expect(
            refusal(["--config", "f"], file: #"{"memroy": "2G"}"#)
                == "In f, 'memroy' is an option of no command.")
    }

    @Test func `lists come from repetition, commas or an array`() throws {
        let peers = ["a:1", "b:2"]
        #expect(try settings(["--peer", "a:1", "--peer=b:2"]).list("peer") == peers)
        #expect(try settings([], environment: ["BORED_PEERS": "a:1, b:2"]).list("peer") == peers)
        #expect(
            try settings(["--config", "f"], file: #"{"peer": ["a:1", "b:2"]}"#).list("peer")
                == peers)
    }

    @Test func `a list is called by its plural in the environment`() {
        func name(_ option: String, _ kind: OptionKind, plural: String? = nil) -> String {
            OptionSpecification(option, kind, "", plural: plural).environmentName
        }
        #expect(name("max-tokens", .value("N")) == "BORED_MAX_TOKENS")
        #expect(name("peer", .list("ADDR:PORT")) == "BORED_PEERS")
        #expect(name("hours", .list("FROM-TO"), plural: "hours") == "BORED_HOURS")
        #expect(name("logit-bias", .list("ID=B"), plural: "logit-biases") == "BORED_LOGIT_BIASES")
    }

    @Test func `operands may be a dash, a negative number, or anything behind two dashes`() throws {
        #expect(try settings(["-"]).operands == ["-"])
        #expect(try settings(["-5"]).operands == ["-5"])
        #expect(try settings(["--", "--json"]).operands == ["--json"])
        #expect(try settings(["--json", "--help", "--nonsense"]).wantsHelp)
    }

    @Test(arguments: [
        (["--lisen", "x"], "bored node has no option --lisen: did you mean --listen?"),
        (["--xyzzy"], "bored node has no option --xyzzy."),
        (["-j"], "bored node has no option -j."),
        (["--listen"], "--listen needs a value: --listen ADDR:PORT."),
        (["--json=yes"], "--json takes no value."),
        (["--memory", "1", "--memory", "2"], "--memory is given twice."),
        (["a", "b"], "bored node does not know what to do with 'b': see bored node --help."),
        (["--config", "f"], "The configuration file f can't be read."),
    ])
    func `a mistake is answered by one sentence`(arguments: [String], sentence: String) {
        #expect(refusal(arguments) == sentence)
    }

    @Test(arguments: ["{", "[]", #"{"listen": null}"#, #"{"listen": ["a", "b"]}"#])
    func `a file of another form is refused`(file: String) {
        #expect(refusal(["--config", "f"], file: file) != nil)
    }

    @Test(arguments: [
        ("512", 512), ("1k", 1_024), ("300M", 300 << 20), ("2G", 2 << 30), ("1.5GiB", 3 << 29),
        ("4kb", 4_096),
    ])
    func `sizes have units`(text: String, byteCount: Int) throws {
        #expect(try settings(["--memory", text]).byteCount("memory") == byteCount)
    }

    @Test(arguments: ["", "G", "-1G", "1.2.3M", "5X", "99999999T"])
    func `what is no size is refused`(text: String) throws {
        let settings = try settings(["--memory=" + text])
        #expect(throws: UsageError.self) { try settings.byteCount("memory") }
    }

    @Test func `numbers out of bounds are refused in a sentence`() throws {
        let settings = try settings(["--max-tokens", "0"])
        let error = #expect(throws: UsageError.self) {
            try settings.integer("max-tokens", in: 1...10)
        }
        #expect(error?.description == "--max-tokens takes an integer from 1 to 10, not '0'.")
    }

    @Test func `help is aligned and names the environment`() {
        let lines = Help.text(of: command).split(separator: "\n").map(String.init)
        #expect(lines[0] == "usage: bored node [NAME] [options]")
        #expect(lines.allSatisfy { $0.count <= 100 && !$0.hasSuffix(" ") })
        #expect(
            lines.contains { $0.contains("--peer ADDR:PORT...") && $0.contains("(BORED_PEERS)") })
        let columns = lines.drop { $0 != "options:" }.dropFirst().compactMap { line in
            line.firstRange(of: "where to").map {
                line.distance(from: line.startIndex, to: $0.lowerBound)
            }
                ?? line.firstRange(of: "a peer").map {
                    line.distance(from: line.startIndex, to: $0.lowerBound)
                }
        }
        #expect(columns.count == 2 && columns[0] == columns[1])
    }

    @Test func `an unknown command is answered with the nearest`() {
        let error = #expect(throws: UsageError.self) {
            try Help.command("nod", among: [command])
        }
        #expect(error?.description == "bored has no command 'nod': did you mean bored node?")
    }
}
