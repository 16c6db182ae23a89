import HTTPTypes

extension HTTPFields {
    /// Whether a proxy or load balancer has forwarded the request, by any of the headers that they add.
    var comeThroughProxy: Bool {
        contains { field in
            let name = field.name.canonicalName
            return Self.proxyNames.contains(name) || Self.proxyPrefixes.contains { name.hasPrefix($0) }
        }
    }

    private static let proxyNames: Set<String> = [
        "forwarded", "via", "x-real-ip", "x-client-ip", "x-cluster-client-ip", "client-ip", "true-client-ip",
        "fastly-client-ip", "x-proxyuser-ip", "x-remote-addr", "x-remote-ip", "x-host", "x-scheme", "x-url-scheme",
        "x-request-start", "front-end-https", "proxy-connection", "cdn-loop", "x-amzn-trace-id",
        "x-cloud-trace-context",
        "max-forwards",
    ]
    private static let proxyPrefixes = [
        "x-forwarded", "x-original-", "x-envoy-", "x-azure-", "x-arr-", "x-appengine-", "x-varnish", "cf-",
    ]
}
