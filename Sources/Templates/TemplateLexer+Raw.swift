/// Blocks whose text stays as it is.
extension TemplateLexer {
    /// Whether a block's tag that was opened is `raw`.
    func isRaw() -> Bool {
        var place = index
        while place < text.count, text[place].properties.isWhitespace { place += 1 }
        guard text[place...].starts(with: "raw".unicodeScalars) else { return false }
        place += 3
        while place < text.count, text[place].properties.isWhitespace { place += 1 }
        if place < text.count, text[place] == "-" { place += 1 }
        return text[place...].starts(with: "%}".unicodeScalars)
    }

    mutating func readRaw() throws(TemplateError) {
        while index < text.count, text[index] != "%" { index += 1 }
        let isStripped = text[index - 1] == "-"
        index += 2
        if isStripped {
            while index < text.count, text[index].properties.isWhitespace { index += 1 }
        }
        startsLine = false
        let start = index
        while index + 1 < text.count {
            guard text[index] == "{", text[index + 1] == "%" else {
                index += 1
                continue
            }
            let tag = index
            var place = index + 2
            let sign = place < text.count ? text[place] : " "
            if sign == "-" || sign == "+" { place += 1 }
            while place < text.count, text[place].properties.isWhitespace { place += 1 }
            guard text[place...].starts(with: "endraw".unicodeScalars) else {
                index += 1
                continue
            }
            place += "endraw".count
            while place < text.count, text[place].properties.isWhitespace { place += 1 }
            let end = place < text.count ? text[place] : " "
            if end == "-" || end == "+" { place += 1 }
            guard text[place...].starts(with: "%}".unicodeScalars) else {
                index += 1
                continue
            }
            addData(leading(text[start..<tag], sign: sign, before: "%"))
            index = place + 2
            if end == "+" {
                startsLine = false
                return
            }
            return endTag(isStripped: end == "-", isBlock: true)
        }
        throw wrong("a raw block has no end")
    }
}
