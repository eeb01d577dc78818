import CLinux
import Glibc
public import Primitives

extension PeerAddress {
    init(_ address: bored_address) {
        self.init(high: address.high, low: address.low, port: address.port)
    }

    var system: bored_address { bored_address(high: high, low: low, port: port) }
}

/// Why a name has no address.
public enum ResolveError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The text is neither `host:port` nor an address with a port.
    case malformed(String)
    /// The name server does not answer, or not yet: asking again may help.
    case temporary(String)
    /// There is no such name.
    case unknown(String)

    public var description: String {
        switch self {
        case .malformed(let text): "'\(text)' is not an address: write host:port"
        case .temporary(let host): "the name '\(host)' has no address at the moment"
        case .unknown(let host): "there is no host of the name '\(host)'"
        }
    }
}

/// `host:port` in parts: a name of a machine, or an address.
public struct PeerName: Hashable, Sendable {
    private let address: PeerAddress?
    private let host: String
    private let port: UInt16

    /// Throws `malformed`, and asks nobody.
    public init(_ text: String) throws(ResolveError) {
        address = PeerAddress(text)
        if let address {
            (host, port) = ("", address.port)
            return
        }
        guard let colon = text.lastIndex(of: ":"), colon != text.startIndex,
            let port = UInt16(text[text.index(after: colon)...]),
            !text[..<colon].contains(":"), !text[..<colon].contains(where: \.isWhitespace)
        else { throw .malformed(text) }
        host = String(text[..<colon])
        self.port = port
    }

    /// Every address that it stands for, without repetition. Blocks while the resolver asks, for
    /// seconds where no name server answers. Throws `temporary` or `unknown`.
    public func addresses() throws(ResolveError) -> [PeerAddress] {
        if let address { return [address] }
        var list = [bored_address](
            repeating: bored_address(), count: Limits.resolvedAddressCount)
        // The capacity is passed beside the array; the name is a C string during the call.
        let status = unsafe bored_resolve(host, port, &list, CInt(list.count))
        guard status >= 0 else {
            let isLasting = status == EAI_NONAME || status == EAI_FAIL
            throw isLasting ? .unknown(host) : .temporary(host)
        }
        var addresses: [PeerAddress] = []
        for address in list.prefix(Int(status)).map(PeerAddress.init)
        where !addresses.contains(address) {
            addresses.append(address)
        }
        guard !addresses.isEmpty else { throw .unknown(host) }
        return addresses
    }
}

/// The addresses of this machine's interfaces, with `port`; loopback last.
public func interfaceAddresses(port: UInt16) throws(SystemError) -> [PeerAddress] {
    var list = [bored_address](
        repeating: bored_address(), count: Limits.resolvedAddressCount)
    // The capacity is passed beside the array.
    let count = try checked(
        unsafe bored_interfaces(port, &list, CInt(list.count)), "getifaddrs")
    return list.prefix(Int(count)).map(PeerAddress.init)
}
