internal import CSodium
public import Primitives

/// What a digest is for. Two uses never share an input space: the purpose is BLAKE2b's
/// personalisation (RFC 7693 section 2.5), padded with zeros to 16 bytes.
public enum HashPurpose: Int, Sendable, CaseIterable {
    case nodeWork
    case nodeID
    case swarm
    case manifest
    case piece
    case chunk
    case layerTopic
    case nameTopic
    case signature
    case token
    case handshakeMAC
    case cookieKey
    case entropy
    /// Rows of a request up to a position.
    case prefix
    case simulated

    private var name: String {
        switch self {
        case .nodeWork: "bored work"
        case .nodeID: "bored node id"
        case .swarm: "bored swarm"
        case .manifest: "bored manifest"
        case .piece: "bored piece"
        case .chunk: "bored chunk"
        case .layerTopic: "bored layers"
        case .nameTopic: "bored name"
        case .signature: "bored signature"
        case .token: "bored token"
        case .handshakeMAC: "bored mac1"
        case .cookieKey: "bored cookie"
        case .entropy: "bored entropy"
        case .prefix: "bored prefix"
        case .simulated: "bored simulated"
        }
    }

    /// Made once: a node hashes for each record that it reads.
    private static let personalisations = allCases.map { purpose in
        let name = Array(purpose.name.utf8)
        return name + Array(repeating: 0, count: 16 - name.count)
    }

    var personalisation: [UInt8] { Self.personalisations[rawValue] }
}

extension Digest {
    /// BLAKE2b-256 of `bytes`, unkeyed, personalised by `purpose`.
    public static func of(_ bytes: [UInt8], for purpose: HashPurpose) -> Digest {
        of(bytes.span, for: purpose)
    }

    /// The same, of bytes that stay where they are.
    public static func of(_ bytes: Span<UInt8>, for purpose: HashPurpose) -> Digest {
        precondition(Sodium.isReady)
        var output = (UInt64(0), UInt64(0), UInt64(0), UInt64(0))
        // Every length is passed beside its array, the output is 32 bytes, no salt is all zeros,
        // and libsodium reads no further.
        let status = unsafe withUnsafeMutableBytes(of: &output) { output in
            guard let out = unsafe output.assumingMemoryBound(to: UInt8.self).baseAddress
            else { return Int32(-1) }
            return unsafe bytes.withUnsafeBufferPointer { bytes in
                unsafe crypto_generichash_blake2b_salt_personal(
                    out, 32, bytes.baseAddress, UInt64(bytes.count), nil, 0, nil,
                    purpose.personalisation)
            }
        }
        precondition(status == 0)
        return Digest(
            Bytes32(
                first: output.0.bigEndian, second: output.1.bigEndian,
                third: output.2.bigEndian, fourth: output.3.bigEndian))
    }

    /// BLAKE2b-256 of an id and a number: the topics under which ads are filed.
    public static func of(_ digest: Digest, _ number: Int, for purpose: HashPurpose) -> Digest {
        var writer = ByteWriter(reserving: 40)
        writer.write(digest)
        writer.write(UInt64(number))
        return of(writer.bytes, for: purpose)
    }
}

/// One hash after another for one purpose, with nothing allocated between them.
struct RepeatedHash {
    private var output = [UInt8](repeating: 0, count: 32)
    private let salt = [UInt8](repeating: 0, count: 16)
    private let personalisation: [UInt8]

    init(for purpose: HashPurpose) {
        precondition(Sodium.isReady)
        personalisation = purpose.personalisation
    }

    /// The zero bits that `Digest.of(input)` begins with; of those, at most 64 are counted.
    mutating func leadingZeroBitCount(of input: [UInt8]) -> Int {
        // Every length is passed beside its array.
        let status = unsafe crypto_generichash_blake2b_salt_personal(
            &output, 32, input, UInt64(input.count), nil, 0, salt, personalisation)
        precondition(status == 0)
        var word: UInt64 = 0
        for index in 0..<8 { word = word << 8 | UInt64(output[index]) }
        return word.leadingZeroBitCount
    }
}

/// The first sixteen bytes of BLAKE2b under a key: short proofs that only the key's owner checks.
public func keyedHash16(key: [UInt8], _ bytes: [UInt8]) -> [UInt8] {
    precondition(Sodium.isReady && (16...64).contains(key.count))
    var output = [UInt8](repeating: 0, count: 16)
    // Both lengths are passed beside their arrays.
    let status = unsafe crypto_generichash_blake2b(
        &output, 16, bytes, UInt64(bytes.count), key, key.count)
    precondition(status == 0)
    return output
}
