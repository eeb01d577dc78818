import Primitives
import Runtime
import Testing

struct ResolveTests {
    @Test func `an address stands for itself`() throws {
        #expect(try PeerName("10.1.2.3:7777").addresses() == [PeerAddress(10, 1, 2, 3, port: 7777)])
    }

    @Test func `a name gives addresses with its port, none of them twice`() throws {
        let addresses = try PeerName("localhost:7777").addresses()
        #expect(!addresses.isEmpty)
        #expect(addresses.allSatisfy { $0.isLoopback && $0.port == 7777 })
        #expect(Set(addresses).count == addresses.count)
    }

    @Test(arguments: ["", ":7777", "host", "host:", "host:70000", "::1:7777", "a b:1"])
    func `text that is no address is malformed`(text: String) {
        #expect(throws: ResolveError.malformed(text)) { try PeerName(text) }
    }

    @Test func `a name that nobody has is said to have no address`() {
        #expect {
            try PeerName("no-such-host.invalid:7777").addresses()
        } throws: { error in
            "\(error)".contains("no-such-host.invalid")
        }
    }

    @Test func `own addresses carry the port and end with loopback`() throws {
        let addresses = try interfaceAddresses(port: 9)
        #expect(addresses.allSatisfy { $0.port == 9 })
        #expect(addresses.last?.isLoopback == true)
    }

    @Test func `the clock goes on and entropy differs`() {
        let first = SystemClock.now()
        #expect(SystemClock.now() >= first)
        #expect(SystemClock.wallSeconds() > 1_700_000_000)
        #expect(SystemEntropy.bytes(32) != SystemEntropy.bytes(32))
        #expect(SystemEntropy.bytes(0).isEmpty)
    }
}
