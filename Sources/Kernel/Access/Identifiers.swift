/// Whose ids more than one feature knows. An id that named the feature's own type would make all of them depend on that feature.
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
    /// The institution that the first migration makes, home of all who register by themselves.
    package static let `default` = InstitutionID(canonical: "00000000-0000-4000-8000-000000000001")
}
