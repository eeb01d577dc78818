import Primitives

extension TokenizerModel {
    /// Throws where parts contradict each other or a limit.
    func check() throws(TokenizerError) {
        let count = pieces.count
        try require(
            (1...Limits.vocabularyCount).contains(count), "vocabulary",
            "1 to \(Limits.vocabularyCount) pieces", "\(count)")
        try require(
            types.count == count, "types", "one for each of \(count) pieces", "\(types.count)")
        for id in pieces.indices {
            try require(
                pieces[id].count <= Limits.vocabularyPieceByteCount, "piece \(id)",
                "at most \(Limits.vocabularyPieceByteCount) bytes", "\(pieces[id].count)")
        }
        try require(
            traits.count == count, "traits", "one for each of \(count) pieces", "\(traits.count)")
        // Else they could cut a character in two.
        for id in pieces.indices where isSpecial(id) {
            try require(
                String(validating: pieces[id], as: UTF8.self) != nil, "special piece \(id)",
                "UTF-8", "other bytes")
        }
        try checkScores()
        let mergeLimit = kind == .bytePairs || kind == .characterPairs ? Limits.vocabularyCount : 0
        try require(
            merges.count <= mergeLimit, "merges", "at most \(mergeLimit)", "\(merges.count)")
        for (index, merge) in merges.enumerated() {
            let ids = [merge.left, merge.right, merge.result]
            try require(
                ids.allSatisfy { (0..<count).contains($0) }, "merge \(index)",
                "ids below \(count)", "\(ids)")
        }
        let stepCount = max(normalizations.count, splittings.count)
        try require(
            stepCount <= Limits.tokenizerStepCount, "steps",
            "at most \(Limits.tokenizerStepCount)", "\(stepCount)")
        try require(
            stepTexts.allSatisfy { $0.utf8.count <= Limits.vocabularyPieceByteCount }, "patterns",
            "at most \(Limits.vocabularyPieceByteCount) bytes each", "more")
        let hasRoom = normalizations.allSatisfy { step in
            guard case .replacedByTable(let table, _) = step else { return true }
            return table.count <= Limits.replacementTableByteCount
        }
        try require(
            hasRoom, "table of replacements",
            "at most \(Limits.replacementTableByteCount) bytes", "more")
        for ids in [prefixIDs, suffixIDs] {
            try require(
                ids.count <= 8, "ids around a text", "at most 8", "\(ids.count)")
        }
        try require(
            (0...Limits.vocabularyPieceByteCount).contains(wordCharacterCount), "longest word",
            "0 to \(Limits.vocabularyPieceByteCount) characters", "\(wordCharacterCount)")
        try require(eosIDs.count <= 64, "end ids", "at most 64", "\(eosIDs.count)")
        for id in eosIDs + prefixIDs + suffixIDs + [bosID, unknownID].compactMap({ $0 }) {
            try require(
                (0..<count).contains(id), "special ids", "ids below \(count)", "\(id)")
        }
        try checkChat()
    }

    private func checkChat() throws(TokenizerError) {
        for text in [chatTemplate, toolTemplate].compactMap({ $0 }) {
            try require(
                text.utf8.count <= Limits.chatTemplateByteCount, "chat template",
                "at most \(Limits.chatTemplateByteCount) bytes", "more")
        }
        let texts = templateTexts ?? []
        try require(
            chatTemplate != nil || toolTemplate == nil && templateTexts == nil, "chat template",
            "one for all chats", "one for some, or texts for none")
        try require(
            texts.count <= Limits.templateTextCount
                && zip(texts, texts.dropFirst()).allSatisfy { $0.stands(before: $1) }
                && texts.allSatisfy(\.isShort),
            "texts of a chat template", "at most \(Limits.templateTextCount), by their names",
            "\(texts.count)")
    }

    private func checkScores() throws(TokenizerError) {
        let count = kind == .sentencePiece || kind == .unigram ? pieces.count : 0
        guard scores.count == count else {
            throw .invalid(place: "scores", expected: "\(count)", found: "\(scores.count)")
        }
        let isRight = scores.allSatisfy {
            kind == .unigram ? $0 < .infinity : Double(Float($0)) == $0
        }
        guard isRight else {
            throw .invalid(
                place: "scores", expected: "numbers of Float32, or below infinity",
                found: "others")
        }
    }

    private var stepTexts: [String] {
        let normalizing = normalizations.flatMap { step -> [String] in
            switch step {
            case .prefixed(let text): [text]
            case .replaced(let old, let new), .replacedMatches(let old, let new): [old, new]
            default: []
            }
        }
        return normalizing
            + splittings.compactMap { step in
                if case .pattern(let text, _, _) = step { text } else { nil }
            }
    }
}

private func require(
    _ isTrue: Bool, _ place: String, _ expected: String, _ found: String
) throws(TokenizerError) {
    guard isTrue else { throw .invalid(place: place, expected: expected, found: found) }
}
