/// GPT-2's alphabet: a printable character for every byte, in which byte-pair vocabularies are
/// written (Radford et al. 2019, `bytes_to_unicode`).
struct ByteAlphabet {
    private var bytes: [UInt32: UInt8] = [:]
    /// The letter of each byte, in UTF-8.
    private var letters: [[UInt8]] = []

    init() {
        var next: UInt32 = 256
        for byte in UInt8.min...UInt8.max {
            let isPrintable =
                switch byte {
                case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: true
                default: false
                }
            let letter = isPrintable ? UInt32(byte) : next
            if !isPrintable { next += 1 }
            bytes[letter] = byte
            letters.append(
                letter < 0x80
                    ? [UInt8(letter)] : [UInt8(0xC0 | letter >> 6), UInt8(0x80 | letter & 0x3F)])
        }
    }

    /// Bytes as their letters, in UTF-8.
    func encode(_ word: ArraySlice<UInt8>) -> [UInt8] { word.flatMap { letters[Int($0)] } }

    /// The bytes that a piece stands for, or nil where a character is outside of the alphabet.
    func decode(_ text: String) -> [UInt8]? {
        var decoded: [UInt8] = []
        for scalar in text.unicodeScalars {
            guard let byte = bytes[scalar.value] else { return nil }
            decoded.append(byte)
        }
        return decoded
    }
}
