import ArgumentParser

/// Rejects options that are given twice; the parser would silently use the last value.
enum RepeatedOptions {
    /// Options that take a list.
    private static let lists: Set = ["--head", "--command"]

    /// - Parameter arguments: without the program's name.
    /// - Throws: `ValidationError` naming the option.
    static func check(_ arguments: some Sequence<String>) throws {
        var seen: Set<Substring> = []
        // After `--` come another program's arguments.
        for argument in arguments.prefix(while: { $0 != "--" }) where argument.hasPrefix("--") {
            let name = argument.prefix { $0 != "=" }
            guard lists.contains(String(name)) || seen.insert(name).inserted else {
                throw ValidationError("\(name) is given twice.")
            }
        }
    }
}
