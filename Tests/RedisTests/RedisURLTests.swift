import Testing

@testable import Redis

struct RedisURLTests {
    @Test func everyPartIsRead() throws {
        let url = try RedisURL("rediss://us%40er:p%3Aw@[::1]:7000/3?ssl_cert_reqs=CERT_NONE&ssl_ca_certs=%2Fa.pem")
        #expect(url.address == .host("::1", port: 7000))
        #expect(url.user == "us@er" && url.password == "p:w" && url.database == 3)
        #expect(url.tls?.verification == RedisURL.Verification.none && url.tls?.authorities == "/a.pem")
        #expect(url.redacted == "rediss://[::1]:7000/3")
    }

    @Test(arguments: [
        ("redis://", RedisURL(address: .host("localhost", port: 6379))),
        ("redis://:secret@h", RedisURL(address: .host("h", port: 6379), password: "secret")),
        ("redis://h:1//2", RedisURL(address: .host("h", port: 1), database: 2)),
        ("redis://h?db=4", RedisURL(address: .host("h", port: 6379), database: 4)),
        ("unix:///run/r.sock?db=1", RedisURL(address: .socket(path: "/run/r.sock"), database: 1)),
        ("redis+socket:///r.sock?virtual_host=2", RedisURL(address: .socket(path: "/r.sock"), database: 2)),
        ("rediss://h", RedisURL(address: .host("h", port: 6379), tls: .init())),
        (
            "rediss://h?ssl_cert_reqs=required&ssl_check_hostname=False",
            RedisURL(address: .host("h", port: 6379), tls: .init(verification: .withoutHostname))
        ),
    ])
    func aURLIsRead(_ text: String, _ expected: RedisURL) throws {
        #expect(try RedisURL(text) == expected)
    }

    @Test(arguments: [
        "amqp://h", "h:6379", "redis://h/x", "redis://h/-1", "rediss://h?ssl_cert_reqs=maybe",
        "rediss://h?ssl_certfile=/a", "redis://h?ssl_cert_reqs=none", "unix://",
    ])
    func aWrongURLIsRefusedWithoutItsText(_ text: String) {
        let error = #expect(throws: RedisURL.Malformed.self) { try RedisURL(text) }
        #expect(error?.description.contains("h/") == false)
    }
}
