import Foundation

/// The content of a printed report, as text.
package struct ReportDocument: Codable, Sendable, Equatable {
    /// A label with its value.
    package struct Fact: Codable, Sendable, Equatable {
        package let label: String
        package let value: String

        package init(_ label: String, _ value: String) {
            self.label = label
            self.value = value
        }
    }

    /// A sentence with the numbers of its findings.
    package struct Sentence: Codable, Sendable, Equatable {
        package let text: String
        package let findings: [String]

        package init(text: String, findings: [String]) {
            self.text = text
            self.findings = findings
        }
    }

    /// A section of the report's text.
    package struct Section: Codable, Sendable, Equatable {
        package let title: String
        package let sentences: [Sentence]

        package init(title: String, sentences: [Sentence]) {
            self.title = title
            self.sentences = sentences
        }
    }

    /// A row of the table of findings.
    package struct Measurement: Codable, Sendable, Equatable {
        package let number: String
        package let name: String
        package let value: String
        package let unit: String

        package init(number: String, name: String, value: String, unit: String) {
            self.number = number
            self.name = name
            self.value = value
            self.unit = unit
        }
    }

    /// Remarks of the check of the text.
    package struct Checks: Codable, Sendable, Equatable {
        package let title: String
        /// Nothing is printed without one.
        package let remarks: [String]

        package init(title: String, remarks: [String]) {
            self.title = title
            self.remarks = remarks
        }
    }

    package var title: String
    package var institution: String
    /// The patient's data and the report's status.
    package var facts: [Fact]
    /// The reasons for review.
    package var review: [String]
    package var checks: Checks
    package var sections: [Section]
    package var measurements: [Measurement]
    /// PNG.
    package var picture: Data?
    package var pictureCaption: String
    /// Model, version and digests.
    package var provenance: [Fact]
    /// Printed on every page.
    package var footer: String
    /// Across every page; `nil` for a signed text.
    package var watermark: String?
    /// The time of printing; stored in the file's properties.
    package var printedAt: Date

    package init(
        title: String, institution: String, facts: [Fact], review: [String], checks: Checks,
        sections: [Section], measurements: [Measurement], picture: Data?, pictureCaption: String, provenance: [Fact],
        footer: String,
        watermark: String?, printedAt: Date
    ) {
        self.title = title
        self.institution = institution
        self.facts = facts
        self.review = review
        self.checks = checks
        self.sections = sections
        self.measurements = measurements
        self.picture = picture
        self.pictureCaption = pictureCaption
        self.provenance = provenance
        self.footer = footer
        self.watermark = watermark
        self.printedAt = printedAt
    }

    /// Printed on every page, regardless of the report.
    package static let notice = "RESEARCH SOFTWARE – not a medical device"
}
