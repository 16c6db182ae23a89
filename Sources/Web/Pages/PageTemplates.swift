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
            ("admin_head", PackageResources.admin_head_mustache),
            ("admin_dashboard", PackageResources.admin_dashboard_mustache),
            ("admin_list", PackageResources.admin_list_mustache),
            ("admin_object", PackageResources.admin_object_mustache),
            ("admin_form", PackageResources.admin_form_mustache),
            ("admin_confirm", PackageResources.admin_confirm_mustache),
            ("admin_outcome", PackageResources.admin_outcome_mustache),
            ("admin_history", PackageResources.admin_history_mustache),
            ("admin_pager", PackageResources.admin_pager_mustache),
            ("admin_foot", PackageResources.admin_foot_mustache),
            ("admin_cell", PackageResources.admin_cell_mustache),
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
enum PageAsset: String, CaseIterable {
    case style = "site.css"
    case admin = "admin.css"
    case script = "case.js"

    var mediaType: String {
        switch self {
        case .style, .admin: "text/css; charset=utf-8"
        case .script: "text/javascript; charset=utf-8"
        }
    }

    var bytes: [UInt8] {
        switch self {
        case .style: PackageResources.site_css
        case .admin: PackageResources.admin_css
        case .script: PackageResources.case_js
        }
    }
}
