extension Case: JSONWritable {
    /// The keys of `encode(to:)` in the order of the alphabet; a test compares the two.
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("age", age)
            writer.field("caseId", id.string)
            writer.field("clinicalHistory", clinicalHistory)
            writer.field("completedAt", completedAt)
            writer.field("createdAt", createdAt)
            writer.field("createdBy", author)
            if let deletedAt { writer.field("deletedAt", deletedAt) }
            writer.field("diagnosis", diagnosis)
            writer.field("fieldStrength", fieldStrength?.rawValue)
            writer.field("indication", indication)
            writer.field("needsReview", needsReview)
            writer.field("notes", notes)
            writer.field("patientId", patientID)
            writer.field("priority", priority)
            writer.field("reviewReasons", reviewReasons)
            writer.field("scanDate", study.date)
            writer.field("scannerType", scannerType)
            writer.field("sex", sex?.rawValue)
            writer.field("status", status.rawValue)
            writer.field("updatedAt", updatedAt)
        }
    }
}
