import Testing

/// What `bored demo` shows is true: its processes are real, and so is the comparison.
@Suite struct DemoTests {
    @Test func `texts go on while owners drive away, and are those of one machine alone`() throws {
        guard let program = BuiltProgram("bored") else { return }
        let run = try program.run([
            "demo", "--commute", "--json", "--texts", "2", "--pace", "20", "--seed", "3",
        ])
        #expect(run.code == 0, "\(run.output)")
        #expect(run.output.contains("\"equal\":true"))
        // An owner's word comes before the first second of a text is over.
        #expect(run.output.contains("\"how\":\"bored pause\""))
    }
}
