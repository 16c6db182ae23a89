import Basics
import Crypto
import Foundation
import Kernel
import Storage

/// A time-limited permission to read one stored file, carried in its URL because viewers load files without an
/// `Authorization` header. It never outlasts its holder's own permission, which is checked on each use.
package struct FileGrant: Sendable, Equatable {
    /// The table that references the file.
    package enum Kind: String, Sendable {
        /// An uploaded series.
        case image
        /// A mask, map, picture or manifest of a result.
        case result
        /// A report's PDF.
        case report

        /// The action on the file's case that the holder must still be permitted to perform.
        var action: Action {
            switch self {
            case .image: .readCase
            case .result: .readResult
            case .report: .readReport
            }
        }
    }

    /// The user to whom the URL was issued.
    package struct Holder: Sendable, Equatable {
        /// The institution in which the holder acted.
        package let institution: InstitutionID
        /// The user recorded in the audit trail for each read.
        package let user: UserID
        /// The session in which the URL was issued. The permission ends with it.
        package let session: SessionID

        package init(institution: InstitutionID, user: UserID, session: SessionID) {
            self.institution = institution
            self.user = user
            self.session = session
        }
    }

    package let holder: Holder
    package let kind: Kind
    /// The row's ID.
    package let object: ID<StoredFile>
    /// Unix time in whole seconds.
    package let expires: Int64

    package init(holder: Holder, kind: Kind, object: ID<StoredFile>, expires: Int64) {
        self.holder = holder
        self.kind = kind
        self.object = object
        self.expires = expires
    }

    fileprivate var signedText: String {
        "GET \(kind.rawValue) \(object) \(holder.institution) \(holder.user) \(holder.session) \(expires)"
    }
}

/// Signs grants with HMAC-SHA-256, so that no part of a URL can be changed.
package struct FileGrantSigner: Sendable {
    private let key: SymmetricKey

    /// - Parameter secret: the service's `SECRET_KEY`, from which a separate key for files is derived.
    package init(secret: String) {
        let code = HMAC<SHA256>.authenticationCode(
            for: Data("file grants".utf8), using: SymmetricKey(data: Data(secret.utf8)))
        key = SymmetricKey(data: Data(code))
    }

    /// The signature in hexadecimal.
    package func signature(of grant: FileGrant) -> String {
        HMAC<SHA256>.authenticationCode(for: Data(grant.signedText.utf8), using: key).hexadecimal
    }

    package func isValid(_ signature: String, for grant: FileGrant) -> Bool {
        guard let code = [UInt8](hexadecimal: signature) else { return false }
        return HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: Data(grant.signedText.utf8), using: key)
    }
}
