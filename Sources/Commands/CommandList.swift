import Primitives

/// What `bored` can do, as its help tells it.
enum CommandList {
    static let about =
        "BoredMesh: large language models, run together by computers that would stand idle."

    static let all = [
        demo, prompt, node, presence, pause, resume, counters, health, modelImport, modelList,
        modelRemove,
        modelInfo, modelLogits, modelGenerate, modelPerplexity, modelTokenize, modelRender, embed,
        key, bench, simulate,
    ]

    static let json = OptionSpecification("json", .flag, "one JSON object per line")
    static let config = OptionSpecification(
        "config", .value("FILE"), "a JSON object of option names and values")
    static let data = OptionSpecification(
        "data", .value("DIR"), "where keys, peers and models are kept; ~/.bored otherwise")
    private static let swarm = OptionSpecification(
        "swarm", .value("NAME"), "only nodes of the same swarm meet", standard: "public")
    private static let peers = OptionSpecification(
        "peer", .list("ADDR:PORT"), "a first contact; a name may stand for many addresses")
    static let threads = OptionSpecification(
        "threads", .value("N"), "threads that compute", standard: "1")
    static let kernel = OptionSpecification(
        "kernel", .value("LEVEL"), "scalar, avx2, avx512 or neon; the best there is otherwise")

    /// When a node works for others.
    static let policy: [OptionSpecification] = [
        .init(
            "run", .value("MODE"), "when to work for others: auto (idle), always, never",
            standard: "auto"),
        .init(
            "foreign-load", .value("PERCENT"), "of all cores, by others' work; off for any",
            standard: "25"),
        .init(
            "user-idle", .value("MINUTES"), "without a key pressed; off for any", standard: "off"),
        .init("battery", .value("PERCENT"), "what the battery must hold", standard: "90"),
        .init("on-battery", .flag, "work while the battery feeds the machine"),
        .init("battery-celsius", .value("C"), "how warm the battery may be", standard: "40"),
        .init("zone-celsius", .value("C"), "how warm any thermal zone may be", standard: "85"),
        .init(
            "metered", .list("INTERFACE"), "a line paid by volume, beside cellular modems",
            plural: "metered"),
        .init("on-metered", .flag, "work over a metered line"),
        .init("daily-data", .value("SIZE"), "sent and received in one day; any otherwise"),
        .init(
            "hours", .list("FROM-TO"), "only then, as 22:00-07:00; at any time otherwise",
            plural: "hours"),
        .init("while-moving", .flag, "work while the vehicle moves"),
        .init("signals", .value("FILE"), "a vehicle's signals, read when the file changes"),
    ]

    static let presence = CommandSpecification(
        "presence", "shows whether this computer is idle, and why",
        options: [
            .init("explain", .flag, "what would have to change"), data,
        ] + policy + [config, json],
        notes: [
            "It asks the node that runs here; without one it looks for itself, by the options.",
            "exit codes: 0 idle, 1 not.",
        ])

    static let counters = CommandSpecification(
        "counters", "shows what this computer's node did, and what it dropped and why",
        options: [.init("all", .flag, "also counters that stand at 0"), data, config, json],
        notes: [
            "Counted since the node's start, under their names in the code. They lag a little",
            "behind: \(Limits.tallyInterval.milliseconds) ms while the node has something to do.",
        ])

    static let pause = CommandSpecification(
        "pause", "keeps this computer's node from working for others",
        options: [
            .init("for", .value("TIME"), "90s, 30m, 8h or 2d; until bored resume otherwise"),
            data, config, json,
        ],
        notes: ["It holds over restarts, and also where no node runs now."])

    static let resume = CommandSpecification(
        "resume", "ends a pause", options: [data, config, json])

    static func joined(_ parts: [OptionSpecification]...) -> [OptionSpecification] {
        parts.flatMap { $0 }
    }

    static let node = CommandSpecification(
        "node", "lends this computer to the mesh",
        options: [
            .init(
                "listen", .value("ADDR:PORT"), "where to listen; port 0 takes any",
                standard: "0.0.0.0:7777"),
            peers, swarm, data,
            .init(
                "model", .list("NAME"),
                "a model to hold layers of: its name or digest; the embedded one otherwise"),
            .init(
                "memory", .value("SIZE"),
                "memory lent for weights; half of what may be used otherwise"),
            .init("disk", .value("SIZE"), "disk lent for pieces from peers; no limit otherwise"),
            .init("layers", .value("N"), "at most so many layers of each model"),
            .init(
                "cache", .value("SIZE"),
                "memory for the KV caches of requests; 1G, or a quarter of what may be used, "
                    + "otherwise"),
            .init(
                "keep", .value("SECONDS"),
                "keep what they hold for the prompter's next request", standard: "600"),
            .init("region", .value("NAME"), "where the computer stands, as its owner says"),
            threads, kernel,
        ] + policy + [config, json],
        notes: [
            "example: bored node --peer 192.0.2.7:7777 --model boredling",
            "SIGTERM and SIGINT make it leave in order.",
        ])

    static let prompt = CommandSpecification(
        "prompt", "answers a prompt over the mesh", operands: "[TEXT]", operandCount: 0...1,
        options: joined(
            [
                peers, swarm, data,
                .init("model", .value("NAME"), "the model to ask", standard: "boredling"),
                .init("max-tokens", .value("N"), "tokens of the answer at most", standard: "256"),
            ], SamplingOptions.all(temperature: "0.7", topP: "0.9"),
            [
                .init("seed", .value("S"), "the same seed, the same answer; drawn otherwise"),
                .init("stop", .list("TEXT"), "ends the answer where this text would begin"),
                .init(
                    "wait", .value("SECONDS"), "patience for layers nobody holds", standard: "15"),
                .init("system", .value("TEXT"), "what the model is told before everything"),
                .init(
                    "messages", .value("FILE"),
                    "a chat to go on with, as JSON; TEXT, if any, is its next message"),
                .init("raw", .flag, "continue TEXT as it stands, without a chat form"),
                .init(
                    "as", .value("NAME"),
                    "be known as one prompter: what nodes kept of the last prompt is used again"),
                .init(
                    "draft", .value("MODEL"),
                    "guess ahead by a small model of the same vocabulary, by text, or by none",
                    standard: "text"),
                SamplingOptions.likelihood,
                .init("alone", .flag, "compute everything in this process, with no mesh"),
                .init("stats", .flag, "tell about speed and the chain afterwards"),
                threads, kernel, config, json,
            ]),
        notes: [
            "TEXT - reads the standard input. Without --peer the node of this machine is used.",
            "exit codes: 0 answered, 1 no answer, 64 a mistake in the command, 130 interrupted.",
        ])

    static let health = CommandSpecification(
        "health", "shows the mesh: nodes, models, layers at risk",
        options: [
            peers, swarm, data,
            .init("watch", .flag, "again every two seconds"),
            .init("all", .flag, "ask every node of the swarm, not only one neighbourhood"),
            .init("wait", .value("SECONDS"), "patience for a first answer", standard: "5"),
            config, json,
        ],
        notes: ["exit codes: 0 every known model is complete, 1 one is not, 2 nobody answers."])

    static let key = CommandSpecification(
        "key", "shows who this node is", options: [data, config, json])

    static let bench = CommandSpecification(
        "bench", "measures a model here, beside what this machine can do at most",
        operands: "[SOURCE]", operandCount: 0...1,
        options: [
            .init("shape", .value("NAME"), "a random model: llama-1b or llama-110m"),
            .init("tokens", .value("N"), "tokens to decode", standard: "32"),
            .init("requests", .value("N,.."), "decode so many requests at once, too"),
            threads, kernel, data, config, json,
        ],
        notes: [
            "Memory and multipliers are measured first. A prompt is shown as a share of the",
            "multiply peak, tokens one by one as a share of the memory read between them, steps of",
            "several requests as a share of the slower of the two.",
        ])

    static let simulate = CommandSpecification(
        "simulate", "runs a world of nodes in virtual time, faults and all",
        options: [
            .init("nodes", .value("N"), "nodes of the world", standard: "100"),
            .init("seed", .value("S"), "everything follows from it", standard: "1"),
            .init("seeds", .value("N"), "so many worlds, from --seed on", standard: "1"),
            .init("minutes", .value("M"), "virtual minutes of faults", standard: "1"),
            .init("loss", .value("PERCENT"), "datagrams lost, at most", standard: "5"),
            .init("layers", .value("N"), "layers of the simulated model", standard: "8"),
            .init("view", .value("N"), "neighbours a node keeps in view"),
            .init("calm", .flag, "no faults"),
            .init("lose", .value("SECONDS"), "so often a node that serves is killed or paused"),
            .init("commute", .flag, "a day in --minutes: half of all drive away, twice"),
            .init("curves", .flag, "libsodium's curves instead of a keyed hash"),
            config, json,
        ],
        notes: ["exit codes: 0 converged, 2 did not in time, 3 a wrong result."])

    static let demo = CommandSpecification(
        "demo", "five nodes on this machine answer a prompt together",
        options: [
            .init("nodes", .value("N"), "how many; 5 otherwise, 8 for a commute"),
            .init("layers", .value("N"), "at most so many layers for each", standard: "2"),
            .init("text", .value("TEXT"), "the prompt; What is a mesh? otherwise, or stories"),
            .init("seed", .value("S"), "seed of the answer", standard: "7"),
            .init("commute", .flag, "owners drive away and others park while the text goes on"),
            .init("texts", .value("N"), "a commute's texts, one after another", standard: "3"),
            .init("pace", .value("MS"), "of a commute's reader, for a token", standard: "45"),
            config, json,
        ],
        notes: ["exit codes: 0 the text is that of one machine alone, 1 it is not."])
}
