import Features
import Foundation
import HTTPTypes
import TestSupport
import Testing

/// A case whose series do not share a space warns before anyone starts a segmentation.
struct SeriesWarningTests {
    /// The phantom, 200 mm to the patient's right: its sform's x offset is 120 in place of -80.
    private static var elsewhere: Data {
        var data = HeadPhantom.nifti(brightness: 5)
        withUnsafeBytes(of: Float(120).bitPattern.littleEndian) { data.replaceSubrange(292..<296, with: $0) }
        return data
    }

    @Test func seriesInDifferentPlacesWarnFromUploadOn() async throws {
        try await WebFixture.with(.sqlite) { clinic in
            let token = try await clinic.signUp()
            let id = try await clinic.makeCase(token)
            let path = "/api/cases/\(id)/"
            #expect(try await clinic.upload(HeadPhantom.nifti(), "t1ce", to: id, as: token).status == .created)
            #expect(try await clinic.call(.get, path, as: token).object["seriesWarning"] is NSNull)
            #expect(try await !clinic.call(.get, "/cases/\(id)", as: token).text.contains("disabled"))
            let upload = try await clinic.upload(Self.elsewhere, "flair", to: id, as: token)
            #expect(upload.status == .created && upload.object["isValid"] as? Bool == true, "\(upload.text)")

            let reason = try #require(upload["message"])
            #expect(reason.hasPrefix("FLAIR and T1CE do not overlap enough by their headers."))
            #expect(try await clinic.call(.get, path, as: token)["seriesWarning"] == reason)
            for list in ["/api/cases/", "/api/cases/?cursor=", "/api/cases/?search=PAT"] {
                let text = try await clinic.call(.get, list, as: token).text
                #expect(text.contains("\"seriesWarning\"") && text.contains(reason), "\(list): \(text)")
            }
            let changed = try await clinic.call(.patch, path, #"{"notes": "n"}"#, as: token)
            #expect(changed["seriesWarning"] == reason)
            let page = try await clinic.call(.get, "/cases/\(id)", as: token).text
            #expect(page.contains("role=\"alert\" id=\"series-warning\">\(reason)"), "\(page)")
            #expect(page.contains("<button aria-describedby=\"series-warning\">Run segmentation"))
            let worklist = try await clinic.call(.get, "/cases", as: token).text
            #expect(worklist.contains("title=\"\(reason)\">Series do not overlap</span>"), "\(worklist)")

            // Replacing the series withdraws the warning.
            #expect(
                try await clinic.upload(HeadPhantom.nifti(brightness: 5), "flair", to: id, as: token).status == .created
            )
            #expect(try await clinic.call(.get, path, as: token).object["seriesWarning"] is NSNull)
            #expect(try await !clinic.call(.get, "/cases", as: token).text.contains("Series do not overlap"))
        }
    }
}
