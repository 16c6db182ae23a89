/// The names of browsers and operating systems in `User-Agent` headers (RFC 9110 §10.1.5), for lists of sessions.
enum DeviceName {
    /// In this order, since most browsers also name those that they are compatible with.
    private static let browsers = [
        ("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser/", "Samsung Internet"), ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"), ("CriOS/", "Chrome"), ("Chrome/", "Chrome"), ("Safari/", "Safari"),
    ]
    private static let systems = [
        ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("CrOS", "ChromeOS"), ("Windows", "Windows"),
        ("Macintosh", "macOS"), ("Linux", "Linux"),
    ]

    /// `Firefox on Linux`; for other programs, the name and version that they send first.
    static func of(_ userAgent: String?) -> String {
        guard let userAgent, !userAgent.isEmpty else { return "Unknown device" }
        let system = systems.first { userAgent.contains($0.0) }?.1
        guard let browser = browsers.first(where: { userAgent.contains($0.0) })?.1 else {
            let program = String(userAgent.prefix { $0 != " " })
            return [program, system].compactMap(\.self).joined(separator: " on ")
        }
        return [browser, system].compactMap(\.self).joined(separator: " on ")
    }
}
