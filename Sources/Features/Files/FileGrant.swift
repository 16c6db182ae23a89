import Basics
import Crypto
import Foundation
import Kernel
import Storage

/// A permission to read one stored file for a while, carried by its address: viewers load files without a header. It lasts
/// no longer than the right of its holder, which is looked up at every use.
package struct FileGrant: Sendable, Equatable {
    /// Which table names the file.
    package enum Kind: String, Sendable {
        /// An uploaded series.
        case image
        /// A result's mask, map, picture or manifest.
        case result
        /// A report's PDF.
        case report

        /// What the holder must still be allowed to do with the file's case.
        var action: Action {
            switch self {
            case .image: .readCase
            case .result: .readResult
            case .report: .readReport
            }
        }
    }

    /// Who was given the address.
    package struct Holder: Sendable, Equatable {
        /// Where the holder acted.
        package let institution: InstitutionID
        /// Reads are recorded under this name.
        package let user: UserID
        /// The sign-in in which the address was given; the permission ends with it.
        package let session: SessionID

        package init(institution: InstitutionID, user: UserID, session: SessionID) {
            self.institution = institution
            self.user = user
            self.session = session
        }
    }

    package let holder: Holder
    package let kind: Kind
    /// The row's id.
    package let object: ID<StoredFile>
    /// Whole seconds since 1970.
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

/// Signs grants with HMAC-SHA-256, so that nothing of an address can be changed.
package struct FileGrantSigner: Sendable {
    private let key: SymmetricKey

    /// - Parameter secret: the service's `SECRET_KEY`; files get a key of their own from it.
    package init(secret: String) {
        let code = HMAC<SHA256>.authenticationCode(
            for: Data("file grants".utf8), using: SymmetricKey(data: Data(secret.utf8)))
        key = SymmetricKey(data: Data(code))
    }

    /// Hexadecimal.
    package func signature(of grant: FileGrant) -> String {
        HMAC<SHA256>.authenticationCode(for: Data(grant.signedText.utf8), using: key).hexadecimal
    }

    package func isValid(_ signature: String, for grant: FileGrant) -> Bool {
        guard let code = [UInt8](hexadecimal: signature) else { return false }
        return HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: Data(grant.signedText.utf8), using: key)
    }
}
