/// GPT-2's alphabet: a printable character for every byte, in which byte-pair vocabularies are
/// written (Radford et al. 2019, `bytes_to_unicode`).
struct ByteAlphabet {
    private var bytes: [UInt32: UInt8] = [:]

    init() {
        var next: UInt32 = 256
        for byte in UInt8.min...UInt8.max {
            switch byte {
            case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: bytes[UInt32(byte)] = byte
            default:
                bytes[next] = byte
                next += 1
            }
        }
    }

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
