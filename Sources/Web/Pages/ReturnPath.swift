import Foundation
import HTTPTypes
import Hummingbird

/// Where somebody is led back to after signing in: one of our own pages and nothing else.
enum ReturnPath {
    /// What addresses and forms call it.
    static let parameter = "next"
    static let home = "/cases"

    /// The first parts of pages that may be led back to.
    private static let pages: Set<String> = ["cases", "admin", "account", "password"]
    private static let longest = 1000

    /// `text` where it is the path of such a page, perhaps with a query. An allow-list: what browsers make of `//evil`,
    /// `/\\evil`, control characters and their encoded forms is none of them.
    static func safe(_ text: String?) -> String? {
        guard let text, text.utf8.count <= longest, text.utf8.allSatisfy({ $0 > 32 && $0 < 127 && $0 != 92 }) else {
            return nil
        }
        let path = text.prefix { $0 != "?" }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count > 1, parts[0].isEmpty, pages.contains(String(parts[1])), !text.contains("#"),
            parts.allSatisfy({ $0 != "." && $0 != ".." && !$0.contains("%") }),
            parts.dropFirst().dropLast().allSatisfy({ !$0.isEmpty })
        else { return nil }
        return text
    }

    /// The page that a request is for; for a form, or a file, the page on which it was.
    static func of(_ request: Request) -> String? {
        if request.method == .get || request.method == .head {
            let query = request.uri.query.map { "?" + $0 } ?? ""
            if let page = safe(request.uri.path + query) { return page }
        }
        guard let referrer = request.headers[.referer].flatMap({ URLComponents(string: $0) }),
            let authority = request.head.authority, referrer.authority == authority
        else { return nil }
        return safe(referrer.percentEncodedPath + (referrer.percentEncodedQuery.map { "?" + $0 } ?? ""))
    }

    /// The form for signing in, which then leads back to where `request` was for.
    static func signIn(_ request: Request) -> String {
        guard let page = of(request), page != home else { return "/login" }
        return AdminAddress.address("/login", [.init(parameter, page)])
    }
}

extension URLComponents {
    /// Host and port as `Host` has them.
    fileprivate var authority: String? {
        host.map { host in port.map { "\(host):\($0)" } ?? host }
    }
}
