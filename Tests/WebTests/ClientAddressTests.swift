import Testing

@testable import Web

struct ClientAddressTests {
    private let addresses = ClientAddress(trusted: ["127.0.0.1", "10.0.0.7"])

    @Test func onlyTrustedProxiesAreBelieved() {
        #expect(addresses.of(connection: "192.0.2.1", forwarded: "198.51.100.9") == "192.0.2.1")
        #expect(addresses.of(connection: "127.0.0.1", forwarded: "198.51.100.9") == "198.51.100.9")
        #expect(addresses.of(connection: "::ffff:127.0.0.1", forwarded: "198.51.100.9, 10.0.0.7") == "198.51.100.9")
        // What the client has made up stands before what the proxy saw.
        #expect(addresses.of(connection: "127.0.0.1", forwarded: "1.1.1.1, 192.0.2.1") == "192.0.2.1")
        #expect(addresses.of(connection: "127.0.0.1", forwarded: "nonsense<") == "127.0.0.1")
        #expect(addresses.of(connection: "127.0.0.1", forwarded: nil) == "127.0.0.1")
        #expect(addresses.of(connection: nil, forwarded: "1.1.1.1") == nil)
        #expect(addresses.of(connection: "127.0.0.1", forwarded: "2001:DB8::1") == "2001:db8::1")
    }
}
