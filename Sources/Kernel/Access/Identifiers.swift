/// Entities whose ids several features use. Ids typed by a feature's own type would make all of them depend on that
/// feature.
package enum Identified {
    package enum Case {}
    package enum Institution {}
    package enum Session {}
    package enum Upload {}
    package enum User {}
}

package typealias CaseID = ID<Identified.Case>
package typealias InstitutionID = ID<Identified.Institution>
package typealias SessionID = ID<Identified.Session>
package typealias UploadID = ID<Identified.Upload>
package typealias UserID = ID<Identified.User>

extension InstitutionID {
    /// The institution created by the first migration, for self-registered users.
    package static let `default` = InstitutionID(canonical: "00000000-0000-4000-8000-000000000001")
}
