import Features
import Mustache

/// The pages' templates, compiled once; Mustache escapes every value.
struct PageTemplates: Sendable {
    private let library: MustacheLibrary

    init() throws {
        let sources: [(String, [UInt8])] = [
            ("head", PackageResources.head_mustache), ("foot", PackageResources.foot_mustache),
            ("login", PackageResources.login_mustache), ("register", PackageResources.register_mustache),
            ("worklist", PackageResources.worklist_mustache), ("case", PackageResources.case_mustache),
            ("failure", PackageResources.failure_mustache),
        ]
        var library = MustacheLibrary()
        for (name, bytes) in sources {
            library.register(try MustacheTemplate(string: String(decoding: bytes, as: UTF8.self)), named: name)
        }
        self.library = library
    }

    func render(_ name: String, _ model: some Sendable) -> String {
        library.render(model, withTemplate: name) ?? ""
    }
}

/// What pages load beside themselves.
enum PageAsset: String {
    case style = "site.css"
    case script = "case.js"

    var mediaType: String {
        switch self {
        case .style: "text/css; charset=utf-8"
        case .script: "text/javascript; charset=utf-8"
        }
    }

    var bytes: [UInt8] {
        switch self {
        case .style: PackageResources.site_css
        case .script: PackageResources.case_js
        }
    }
}
