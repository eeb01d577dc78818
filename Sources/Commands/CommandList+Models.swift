/// Commands about models: those of the store, and files.
extension CommandList {
    static let modelImport = CommandSpecification(
        "model import", "puts a GGUF file or a safetensors directory into the store",
        operands: "PATH", operandCount: 1...1,
        options: [
            .init("name", .value("NAME"), "what to call it; its own name otherwise"), data, config,
            json,
        ])

    static let modelList = CommandSpecification(
        "model list", "lists the models of the store", options: [data, config, json])

    static let modelRemove = CommandSpecification(
        "model remove", "takes a model out of the store", operands: "NAME", operandCount: 1...1,
        options: [data, config, json])

    private static let sourceNote =
        "SOURCE is a model of the store, a GGUF file or a safetensors folder. No node is needed."

    private static let texts: [OptionSpecification] = [
        .init("text", .value("TEXT"), "the text"),
        .init("file", .value("FILE"), "the text, in a file; - reads the standard input"),
    ]

    static let modelInfo = CommandSpecification(
        "model info", "says what a model is and what it takes", operands: "SOURCE",
        operandCount: 1...1, options: [data, config, json], notes: [sourceNote])

    static let modelLogits = CommandSpecification(
        "model logits", "shows the logits behind tokens", operands: "SOURCE", operandCount: 1...1,
        options: [
            .init("tokens", .value("ID,ID,..."), "the tokens, as ids"),
            .init("all", .flag, "at every position; the last alone otherwise"),
            .init("top", .value("K"), "the K highest with their ids; all in order otherwise"),
            data, threads, kernel, config, json,
        ], notes: [sourceNote])

    static let modelGenerate = CommandSpecification(
        "model generate", "continues tokens", operands: "SOURCE", operandCount: 1...1,
        options: joined(
            [
                .init("tokens", .value("ID,ID,..."), "the tokens, as ids"),
                .init("max-tokens", .value("N"), "tokens of the answer at most", standard: "64"),
            ], SamplingOptions.all(temperature: "0", topP: "1"),
            [
                .init("seed", .value("S"), "the same seed, the same answer", standard: "0"),
                SamplingOptions.likelihood,
                .init("ignore-end", .flag, "go on where the model would end"),
                data, threads, kernel, config, json,
            ]), notes: [sourceNote])

    static let modelPerplexity = CommandSpecification(
        "model perplexity", "measures how likely a text is to a model", operands: "SOURCE",
        operandCount: 1...1,
        options: texts + [
            .init(
                "window", .value("TOKENS"),
                "cuts a longer text into windows, each scored on its own; standard: the model's "
                    + "context"),
            data, threads, kernel, config, json,
        ], notes: [sourceNote])

    static let embed = CommandSpecification(
        "embed", "turns a text into a vector by an encoder model", operands: "SOURCE",
        operandCount: 1...1,
        options: texts + [data, threads, kernel, config, json], notes: [sourceNote])

    static let modelTokenize = CommandSpecification(
        "model tokenize", "turns a text into tokens", operands: "SOURCE", operandCount: 1...1,
        options: texts + [
            .init("special", .flag, "read special tokens in the text as such"),
            .init("begin", .flag, "put the model's own tokens around it, as before a prompt"),
            data, config, json,
        ],
        notes: [
            sourceNote,
            "It may be a vocabulary alone too: a GGUF file, a tokenizer.json, a folder with one.",
        ])

    static let modelRender = CommandSpecification(
        "model render", "writes a chat as a model wants it", operands: "SOURCE",
        operandCount: 1...1,
        options: [
            .init(
                "messages", .value("FILE"),
                "a JSON list of messages, or an object with \"messages\" and \"tools\""),
            .init("no-generation-prompt", .flag, "don't begin the assistant's answer"),
            data, config, json,
        ], notes: [sourceNote])
}
