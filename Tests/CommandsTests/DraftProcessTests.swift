import Testing

/// Answers over real processes, guessed ahead by a small model that the prompter holds alone.
@Suite(.serialized) struct DraftProcessTests {
    @Test func `a small model's guesses go through the chain and change no token`() throws {
        guard let mesh = try ProcessMesh(named: "draft") else { return }
        try mesh.start(0, ["--layers", "3"])
        let peer = try mesh.address(0)
        try mesh.start(1, peer: peer, ["--layers", "3"])
        let text = "Tell me a story about a fox named Ruby."
        for temperature in ["0", "0.8"] {
            let wishes = ["--seed", "3", "--temperature", temperature]
            let alone = try mesh.prompt(text, wishes + ["--draft", "none"])
            let plain = try mesh.prompt(text, through: peer, wishes + ["--draft", "none"])
            #expect(alone.code == 0 && plain.code == 0, "\(plain.output)")
            #expect(alone.field("ids") != nil && plain.field("ids") == alone.field("ids"))
            #expect(plain.field("drafted") == "0", "\(plain.output)")
            // It is the model that answers, too: it guesses most of the 40 tokens. On a machine
            // that is busy with something else it may guess few: guessing takes longer there than
            // it saves. Then it tries again.
            var held = 0
            for _ in 0..<5 where held <= 25 {
                let drafted = try mesh.prompt(
                    text, through: peer, wishes + ["--draft", "boredling"])
                #expect(drafted.code == 0, "\(drafted.output)")
                #expect(drafted.field("ids") == alone.field("ids"), "\(drafted.output)")
                held = max(held, drafted.field("draftsHeld").flatMap { Int($0) } ?? 0)
            }
            #expect(held > 25)
        }
    }

    @Test func `a model that is unknown or of another vocabulary can't draft, and that is said`()
        throws
    {
        guard let mesh = try ProcessMesh(named: "draft-not") else { return }
        let unknown = try mesh.prompt("Hello!", ["--draft", "nobody"])
        #expect(unknown.code == 1)
        #expect(unknown.output.contains("has no complete model 'nobody' to draft with"))
        let imported = try mesh.run([
            "model", "import", try TinyModelFile().write(in: mesh), "--name", "other", "--data",
            mesh.prompterData,
        ])
        #expect(imported.code == 0, "\(imported.output)")
        let foreign = try mesh.prompt("Hello!", ["--draft", "other"])
        #expect(foreign.code == 1)
        #expect(foreign.output.contains("has another vocabulary than boredling"))
    }
}
