import Checkpoints
import Templates
import Testing

/// What a template makes has its limits before it is made.
struct LimitTests {
    private func isTooLarge(_ source: String) -> Bool {
        if case .tooLarge = error(source) { true } else { false }
    }

    private static let start = "{% set ns = namespace(t=1, u=1) %}"

    /// `count` rounds of a statement on `ns`.
    private func grown(_ statement: String, _ count: Int = 100_000, then end: String = "") -> String
    {
        Self.start + "{% for i in range(\(count)) %}{% \(statement) %}{% endfor %}" + end
    }

    // MARK: depth

    @Test(arguments: [
        ("{% set ", " = 1 %}"), ("{% for ", " in [1] %}{% endfor %}"),
        ("{% with ", " = 1 %}{% endwith %}"),
    ])
    func `a target in sixty thousand parentheses is too deep`(open: String, close: String) {
        let parentheses = [
            String(repeating: "(", count: 60_000), String(repeating: ")", count: 60_000),
        ]
        #expect(isTooLarge(open + parentheses.joined(separator: "a") + close))
        #expect(error(open + "((a))" + close) == nil)
    }

    @Test(arguments: [
        "set ns.t = [ns.t]", "set ns.t = (ns.t,)", "set ns.t = {1: ns.t}",
        "set ns.t = dict(t=ns.t)", "set ns.t = [ns.t].index", "set ns.t = [ns.t]|list",
        "set ns.t = [ns.t] * 2", "set ns.t = [ns.t] + [1]", "set ns.t = [ns.t]|batch(1)",
        "set ns.t = [[ns.t]|first, 1]", "set ns.t = {1: ns.t}.items()", "set ns.t = [ns.t][:]",
    ])
    func `values inside of each other have a depth`(statement: String) {
        #expect(isTooLarge(grown(statement)))
        #expect(error(grown(statement, 100)) == nil)
    }

    @Test(arguments: [
        "set ns.t = namespace(t=ns.t)", "set ns.t = [namespace(t=ns.t)]", "set ns.t = [ns]",
        "set ns.t = loop", "set u = ns.t %}{% set ns.t = loop",
        "set u = ns.t %}{% macro m() %}{% endmacro %}{% set ns.t = m",
        "set u = ns.t %}{% macro m() %}{% endmacro %}{% set ns.t = [m]",
    ])
    func `chains and circles of objects that change render and are freed`(statement: String) {
        #expect(error(grown(statement)) == nil)
    }

    @Test func `macros that hand out macros get no deeper than other blocks`() {
        let inner = "{% macro m() %}{% macro n() %}{{ ns.m() }}{% endmacro %}{% set ns.m = n %}"
        #expect(error(Self.start + inner + "{% endmacro %}{{ m() }}") == nil)
        let made = "{% macro m() %}{% set ns.m = m %}{% endmacro %}{% set ns.m = m %}"
        #expect(
            error(Self.start + made + "{% for i in range(9999) %}{{ ns.m() }}{% endfor %}") == nil)
    }

    @Test func `a namespace that holds itself can't be shown`() {
        #expect(isTooLarge(Self.start + "{% set ns.t = ns %}{{ ns }}"))
        #expect(isTooLarge(Self.start + "{% set ns.t = [ns] %}{{ ns.t|string|length }}"))
        #expect(error(Self.start + "{% set ns.t = ns %}{{ ns == ns.t }}") == nil)
    }

    @Test(arguments: [
        "{{ ns.t }}", "{{ ns.t == ns.u }}", "{{ ns.t|tojson }}", "{{ ns.t ~ '' }}",
        "{{ {ns.t: 1} }}", "{{ ns.t in [ns.u] }}", "{{ [ns.t, ns.u]|unique }}",
        "{{ ns.t < ns.u }}", "{{ '%s' % [ns.t] }}",
        "{{ [ns.t].count(ns.u) }}",
        "{{ [ns.t, ns.u]|sort }}", "{{ {}.get(ns.t) }}",
    ])
    func `a value with a hundred doublings inside is not walked to its end`(use: String) {
        let source = grown(
            "set ns.t = (ns.t, ns.t) %}{% set ns.u = (ns.u, ns.u)", 100, then: use)
        #expect(isTooLarge(source), "\(error(source).map { "\($0)" } ?? "rendered")")
    }

    // MARK: sizes

    @Test(arguments: [
        "range(100000)|join('x' * 16000000)", "('x' * 16000000)|length > 1",
        "('x' * 16000000)|list", "('x' * 8000000)|replace('x', 'y' * 16000000)",
        "('x' * 16000000).replace('', 'y' * 1000)", "('y' * 9000000).join(['a'] * 1000)",
        "('y' * 9000000).join(['a', 'b', 'c'])", "['x' * 16000000] * 1000|string",
        "(['x' * 16000000] * 1000)|tojson", "(['x' * 16000000] * 1000)|join",
        "'x' * 9000000 ~ 'y' * 9000000", "'%s%s' % ('x' * 9000000, 'y' * 9000000)",
        "'{0}{0}'.format('x' * 9000000)", "('x\n' * 90000)|indent('y' * 9000)",
        "[[[1]]]|tojson(indent='y' * 9000000)", "[1, 2, 3]|tojson(separators=('y' * 9000000, ''))",
        "('x,' * 2000000).split(',')", "('x ' * 2000000).split()", "('x\n' * 2000000).splitlines()",
        "('x ' * 2000000).rsplit()", "dict(range(100000)|map('string')|batch(2))|string * 1000",
        "['x' * 16000000, 'x' * 16000000]|sum(start='')",
    ])
    func `what would be too large is not made first`(expression: String) {
        let clock = ContinuousClock()
        let source = "{{ \(expression) }}"
        let time = clock.measure { #expect(error(source) != nil || source.contains("length")) }
        // Half a second at most; what was made first took minutes or all memory.
        #expect(time < .seconds(10), "\(time)")
    }

    @Test(arguments: [
        "ns.t[0]", "ns.t[-1]", "ns.t[1900000]", "ns.t[:1]", "ns.t|length",
        "ns.t|first", "ns.t is sequence", "ns.t|list|length", "ns.u in ns.t",
        "ns.t.find(ns.u)", "ns.t.startswith((ns.t, ns.t, ns.t))",
        "ns.t == ns.v",
        "ns.t < ns.v", "{ns.t: 1}", "range(100000)|length", "dict(ns.m, a=1)",
        "dict(**ns.m)", "[1]|map('string', **ns.m)|list", "'%f' % 5e-324",
        "ns.l == ns.k", "ns.l|tojson|length", "ns.l.index(-1)",
        "ns.t|selectattr('a')|list", "[ns.l]|map(attribute=ns.t)|list",
    ])
    func `steps on large values are paid for by their size`(expression: String) {
        let clock = ContinuousClock()
        let source =
            "{% set ns = namespace(t='a' * 2000000, v='a' * 1999999 ~ 'b', u='a' * 900000 ~ 'b', "
            + "l=range(100000), k=range(100000), m=dict(range(9999)|map('string')|batch(1)"
            + "|map('join')|batch(2)|selectattr(1)|list)) %}"
            + "{% for i in range(9999) %}{% if \(expression) %}{% endif %}{% endfor %}"
        let time = clock.measure { _ = error(source) }
        // A second or two; unpaid, many of these took minutes, some hours.
        #expect(time < .seconds(30), "\(time)")
    }

    @Test func `texts of a few megabytes are taken as before`() {
        let source =
            "{% set t = 'ab ' * 500000 %}{{ t|length }} {{ t[-1] ~ t[1] }} "
            + "{{ t.split()|length }} {{ t|trim|length }} {{ ('b' in t, t.count('b a')) }}"
        let text = try? Template(source).render(JSONObject())
        #expect(text == "1500000  b 500000 1499999 (True, 499999)")
    }

    @Test(arguments: [
        ("'aaaaa'.replace('aa', 'b')", "bba"), ("'abab'.replace('', '-', 3)", "-a-b-ab"),
        ("'aabaabaaab'.split('aab')", "['', '', 'a', '']"), ("'aabaab'.find('abaa')", "1"),
        ("'aaaa'.count('aa')", "2"), ("'aaab' in 'aaaaab'", "True"), ("'ab' in 'aaaa'", "False"),
        ("'abcabcabd'.replace('abcabd', 'x')", "abcx"), ("'a.b.c'.rsplit('.', 1)", "['a.b', 'c']"),
        ("'héé'[-1] ~ 'héé'[1] ~ 'héé'[2:]", "ééé"), ("'abc'[-4] is defined", "False"),
    ])
    func `searching and cutting are Python's`(expression: String, expected: String) throws {
        #expect(try Template("{{ \(expression) }}").render(JSONObject()) == expected)
    }
}
