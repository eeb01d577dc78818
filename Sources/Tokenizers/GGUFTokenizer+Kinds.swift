import Checkpoints

/// The kinds of tokenizers that GGUF files name, as llama.cpp runs them.
extension GGUFTokenizer {
    /// Where a file has none, all are alike.
    private func scores() throws(CheckpointError) -> [Double] {
        let scores = try metadata.doubles(Self.key("scores")) ?? texts.map { _ in 0 }
        guard scores.count == texts.count else {
            throw Self.absent(metadata, "scores", "\(texts.count) numbers")
        }
        return scores.map { Double(Float($0)) }
    }

    func sentencePiece() throws(CheckpointError) -> TokenizerModel {
        var model = TokenizerModel(
            kind: .sentencePiece, pieces: texts.map { Array($0.utf8) }, types: types)
        model.scores = try scores()
        model.unknownID = try id("unknown_token_id", standard: 0)
        if try metadata.bool(Self.key("add_space_prefix")) ?? true {
            model.normalizations.append(.prefixed("▁"))
            model.dropsFirstSpace = true
        }
        model.normalizations.append(.replaced(" ", by: "▁"))
        try setEnds(&model, begin: 1, end: 2, addsBegin: true)
        return model
    }

    /// Every fragment gets a mark before its first word, and where spaces that are too many vanish,
    /// so does a fragment of nothing else.
    func unigram() throws(CheckpointError) -> TokenizerModel {
        var model = TokenizerModel(
            kind: .unigram, pieces: texts.map { Array($0.utf8) }, types: types)
        model.scores = try scores()
        model.unknownID = try id("unknown_token_id", standard: 2)
        let table = try metadata.integers(Self.key("precompiled_charsmap")) ?? []
        if !table.isEmpty {
            let bytes = table.map { UInt8(truncatingIfNeeded: $0) }
            model.normalizations.append(.replacedByTable(bytes, .longest))
        }
        let isPrefixed = try metadata.bool(Self.key("add_space_prefix")) ?? false
        if try metadata.bool(Self.key("remove_extra_whitespaces")) ?? false {
            model.normalizations += [
                .replacedMatches(#"\A +| +\z"#, by: ""), .replacedMatches(" +", by: " "),
                .prefixed(" "),
            ]
        } else if isPrefixed {
            model.normalizations += [.prefixed(" "), .replacedMatches(#"\A (?= *\z)"#, by: "")]
        }
        model.normalizations.append(.replaced(" ", by: "▁"))
        model.dropsFirstSpace = isPrefixed
        try setEnds(&model, begin: nil, end: 1, addsBegin: false, addsEnd: true)
        return model
    }

    func bytePairs() throws(CheckpointError) -> TokenizerModel {
        var model = TokenizerModel(kind: .bytePairs, pieces: [], types: types)
        model.setPieces(fromAlphabet: texts)
        try model.setMerges(mergeLines(), of: texts, file: metadata.file)
        let pre = try metadata.string(Self.key("pre")) ?? "default"
        guard let patterns = KnownPatterns(named: pre) else {
            throw .unsupported(
                file: metadata.file, what: "pre-tokenizer", found: pre,
                supported: KnownPatterns.names)
        }
        model.splittings = patterns.splittings
        model.ignoresMerges = patterns.ignoresMerges
        try setEnds(&model, begin: nil, end: nil, addsBegin: patterns.addsBegin)
        return model
    }

    private func mergeLines() throws(CheckpointError) -> [String] {
        guard let merges = try metadata.strings(Self.key("merges")) else {
            throw Self.absent(metadata, "merges", "an array of strings")
        }
        return merges
    }

    func characterPairs() throws(CheckpointError) -> TokenizerModel {
        var model = TokenizerModel(
            kind: .characterPairs, pieces: texts.map { Array($0.utf8) }, types: types)
        for id in texts.indices where byteValue(ofPiece: model.pieces[id]) != nil {
            model.types[id] = .byte
        }
        try model.setMerges(mergeLines(), of: texts, file: metadata.file)
        model.normalizations = [.replaced(" ", by: "▁")]
        model.splittings = [.isolating(#"[^\n]+|[\n]+"#)]
        model.takesLineFeedsWhole = true
        try setEnds(&model, begin: nil, end: nil, addsBegin: true)
        if let id = model.bosID { model.prefixIDs = [id] }
        return model
    }

    func wordPiece() throws(CheckpointError) -> TokenizerModel {
        var model = TokenizerModel(
            kind: .wordPiece, pieces: texts.map { Array($0.utf8) }, types: types)
        for id in texts.indices where !model.isSpecial(id) {
            if model.pieces[id].starts(with: spaceMark) {
                model.pieces[id].removeFirst(spaceMark.count)
            } else {
                model.traits[id].insert(.continuesWord)
            }
        }
        let lowercases = try metadata.bool(Self.key("normalizer.lowercase")) ?? true
        if try metadata.bool(Self.key("normalizer.strip_accents")) ?? lowercases {
            model.normalizations += [.baseCharacters, .withoutMarks]
        }
        model.normalizations.append(.withoutControls)
        if lowercases { model.normalizations.append(.lowercased) }
        model.splittings = [
            .pattern(#"\s+"#, .removed, isInverted: false),
            .isolating(#"[\p{P}$+<=>^`|~]|"# + TokenizerModel.ideographs),
        ]
        model.dropsFirstSpace = true
        model.unknownID = try id("unknown_token_id", standard: 100)
        model.bosID = try id("bos_token_id", standard: 101)
        let separator = try id("seperator_token_id", standard: 102)
        model.prefixIDs = [model.bosID].compactMap { $0 }
        model.suffixIDs = [separator].compactMap { $0 }
        return model
    }
}
