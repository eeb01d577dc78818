import Checkpoints
import Primitives
import Templates
import Testing

struct HostileTests {
    private func isTooLarge(_ error: TemplateError?) -> Bool {
        if case .tooLarge = error { true } else { false }
    }

    @Test(arguments: [
        "{% for i in range(100000) %}{% for j in range(100000) %}{{ j }}{% endfor %}{% endfor %}",
        "{{ 'x' * 1000000000 }}", "{{ [0] * 1000000000 }}", "{{ range(1000000000) }}",
        "{% set ns = namespace(x='ab') %}{% for i in range(64) %}{% set ns.x = ns.x ~ ns.x %}"
            + "{% endfor %}",
        "{% set ns = namespace(x=[1]) %}{% for i in range(64) %}{% set ns.x = ns.x + ns.x %}"
            + "{% endfor %}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "{{ '%1000000d' % 1 }}",
        "{{ ('a' * 1000000).replace('a', 'b' * 1000) }}",
    ])
    func `what never ends, and what grows without end, meets a limit`(source: String) {
        let error = error(source)
        #expect(isTooLarge(error), "\(error.map { "\($0)" } ?? "rendered")")
    }

    @Test func `deep nesting and long chains are refused, in the text and at work`() {
        for (open, close) in [("(", ")"), ("[", "]"), ("not ", ""), ("-", ""), ("{1: ", "}")] {
            let inner = String(repeating: open, count: 20_000) + "1"
            let source = "{{ " + inner + String(repeating: close, count: 20_000) + " }}"
            #expect(isTooLarge(error(source)), "\(open)")
        }
        let blocks = String(repeating: "{% if 1 %}", count: 10_000)
        #expect(isTooLarge(error(blocks)))
        for link in [" + 1", " ~ 1", " * 1", " and 1", " or 1", "|string", ".a", "[0]", " is none"]
        {
            let source = "{{ 1" + String(repeating: link, count: 10_000) + " }}"
            #expect(error(source) != nil, "\(link)")
        }
    }

    @Test func `an error says where the text breaks the language`() {
        #expect(error("a\nb\n{% if %}") == .syntax(line: 3, "expected an expression, not '%}'"))
        #expect(error("{{ raise_exception('no') }}") == .raised("no"))
        #expect("\(error("{% include 'x' %}").map { "\($0)" } ?? "")".contains("'include'"))
        #expect(isTooLarge(error(String(repeating: "a", count: 200_000))))
    }

    @Test(arguments: [UInt64(1), 2, 3])
    func `changed templates render or fail, and never crash`(seed: UInt64) throws {
        let all = try #require(Vectors.all)
        var sources = (all["snippets"]?.array ?? []).compactMap { $0["source"]?.string }
        sources += (all["templates"]?.object?.values ?? []).compactMap(\.string)
        let variables = try #require(all["variables"]?.object)
        var random = SeededRandom(seed: seed)
        var failedCount = 0
        for _ in 0..<400 {
            var text = Array(sources[random.below(sources.count)].unicodeScalars)
            for _ in 0...random.below(4) where !text.isEmpty {
                let place = random.below(text.count)
                switch random.below(4) {
                case 0: text.remove(at: place)
                case 1: text.insert(text[random.below(text.count)], at: place)
                case 2: text.removeSubrange(place..<min(text.count, place + random.below(9)))
                default:
                    text[place] = "{}%()[]'\"-|.~,:*1a \n".unicodeScalars.randomElement(&random)
                }
            }
            var view = String.UnicodeScalarView()
            view.append(contentsOf: text)
            if error(String(view), variables) != nil { failedCount += 1 }
        }
        #expect(failedCount > 20, "seed \(seed)")
    }
}

extension String.UnicodeScalarView {
    fileprivate func randomElement(_ random: inout SeededRandom) -> Unicode.Scalar {
        self[index(startIndex, offsetBy: random.below(count))]
    }
}
