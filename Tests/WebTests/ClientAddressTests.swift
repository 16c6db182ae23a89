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

    @Test func networksOfProxiesAreTrusted() throws {
        let addresses = ClientAddress(trusted: ["10.42.0.0/15", "fd00:1::/33", "::ffff:192.0.2.0/124"])
        for proxy in ["10.42.0.0", "10.43.255.255", "fd00:1:7fff::1", "192.0.2.15"] {
            #expect(addresses.of(connection: proxy, forwarded: "198.51.100.9") == "198.51.100.9", "\(proxy)")
        }
        for other in ["10.44.0.0", "10.41.255.255", "fd00:1:8000::1", "fd00:2::1", "192.0.2.16"] {
            #expect(addresses.of(connection: other, forwarded: "198.51.100.9") == other)
        }
        // An IPv4 network contains no IPv6 address whose first bits are the same.
        #expect(addresses.of(connection: "a2a::1", forwarded: "198.51.100.9") == "a2a::1")
        let everything = try #require(NetworkRange("0.0.0.0/0"))
        #expect(everything.contains(try #require(NetworkAddress("255.0.0.1"))))
        #expect(NetworkRange("10.0.0.7/32") == NetworkRange("10.0.0.7"))
    }

    @Test(arguments: [
        "10.42.0.7/16", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/+8", "10.0.0.0/-1", "10.0.0.0/8/8", "/8", "",
        "fd00::/129",
        "fd00::1/64", "::ffff:10.0.0.0/8", "10.0.0.0/0008", "proxy.example.org", "10.0.0/24",
    ]) func otherTextIsNoNetwork(text: String) {
        #expect(NetworkRange(text) == nil)
    }

    @Test func subscribersAreCountedByTheirNetwork() {
        #expect(NetworkAddress("2001:db8:1:2:3::4")?.network == NetworkAddress("2001:db8:1:2::ffff")?.network)
        #expect(NetworkAddress("2001:db8:1:2::1")?.network != NetworkAddress("2001:db8:1:3::1")?.network)
        #expect(NetworkAddress("::ffff:9.9.9.12")?.network == "9.9.9.12")
    }
}
