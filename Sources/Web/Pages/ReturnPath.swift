import Foundation
import HTTPTypes
import Hummingbird

/// The page to return to after sign-in: only pages of this site.
enum ReturnPath {
    /// The name of the query parameter and form field.
    static let parameter = "next"
    static let home = "/cases"

    /// The first path components of such pages.
    private static let pages: Set<String> = ["cases", "admin", "account", "password"]
    private static let longest = 1000

    /// `text` if it is the path of such a page, optionally with a query. An allow-list, which excludes `//evil`,
    /// `/\\evil`, control characters and their encoded forms.
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

    /// The requested page; for a form or a file, the page that contains it.
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

    /// The sign-in form, which then returns to the requested page.
    static func signIn(_ request: Request) -> String {
        guard let page = of(request), page != home else { return "/login" }
        return AdminAddress.address("/login", [.init(parameter, page)])
    }
}

extension URLComponents {
    /// Host and port as in `Host`.
    fileprivate var authority: String? {
        host.map { host in port.map { "\(host):\($0)" } ?? host }
    }
}
