import Testing

@testable import Features
@testable import Kernel
@testable import Web

struct ClientAddressTests {
    private let addresses = ClientAddress(trusted: ["127.0.0.1", "10.0.0.7"])

    @Test func onlyTrustedProxiesAreBelieved() {
        #expect(addresses.of(connection: "192.0.2.1", forwarded: "198.51.100.9") == "192.0.2.1")
        #expect(addresses.of(connection: "127.0.0.1", forwarded: "198.51.100.9") == "198.51.100.9")
        #expect(addresses.of(connection: "::ffff:127.0.0.1", forwarded: "198.51.100.9, 10.0.0.7") == "198.51.100.9")
        // Addresses invented by the client precede the one that the proxy saw.
        #expect(addresses.of(connection: "127.0.0.1", forwarded: "1.1.1.1, 192.0.2.1") == "192.0.2.1")
        #expect(addresses.of(connection: "127.0.0.1", forwarded: "nonsense<") == "127.0.0.1")
        #expect(addresses.of(connection: "127.0.0.1", forwarded: nil) == "127.0.0.1")
        #expect(addresses.of(connection: nil, forwarded: "1.1.1.1") == nil)
        #expect(addresses.of(connection: "127.0.0.1", forwarded: "2001:DB8::1") == "2001:db8::1")
    }

    /// All notations are one address; otherwise each would have separate attempts.
    @Test(arguments: [
        ("9.9.9.12:1000", "9.9.9.12"), (" 9.9.9.12\t", "9.9.9.12"), ("::ffff:9.9.9.12", "9.9.9.12"),
        ("::FFFF:909:90c", "9.9.9.12"), ("[::ffff:9.9.9.12]:1", "9.9.9.12"), ("[2001:db8::1]:443", "2001:db8::1"),
        ("[2001:DB8:0:0::1]", "2001:db8::1"), ("2001:0db8:0000::0001", "2001:db8::1"), ("fe80::1%eth0", "fe80::1"),
        ("[fe80::1%25eth0]:80", "fe80::1"),
    ]) func everySpellingIsOneAddress(hop: String, address: String) {
        #expect(addresses.of(connection: "127.0.0.1", forwarded: "1.1.1.1, \(hop)") == address)
    }

    /// Invalid addresses are ignored in favour of the proxy that forwarded them.
    @Test(arguments: [
        "9.9.9.12:1000+7", "9.9.9.12:99999", "9.9.9.12:", "9.9.9", "09.9.9.12", "1", "unknown", "_hidden", "9.9.9.12 x",
        "[9.9.9.12]", "[::1", "[::1]x", "::1]", "9.9.9.12%1", "fe80::1%", "::ffff:9.9.9.12:80", "12345::",
        "9.9.9.12\u{0}x",
    ]) func junkIsTheHopBefore(hop: String) {
        #expect(addresses.of(connection: "127.0.0.1", forwarded: "1.1.1.1, \(hop), 10.0.0.7") == "10.0.0.7")
    }

    @Test func subscribersAreCountedByTheirNetwork() {
        #expect(NetworkAddress("2001:db8:1:2:3::4")?.network == NetworkAddress("2001:db8:1:2::ffff")?.network)
        #expect(NetworkAddress("2001:db8:1:2::1")?.network != NetworkAddress("2001:db8:1:3::1")?.network)
        #expect(NetworkAddress("::ffff:9.9.9.12")?.network == "9.9.9.12")
    }
}
