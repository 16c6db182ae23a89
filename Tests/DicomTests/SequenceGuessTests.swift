import Dicom
import Testing

/// Which sequence a series is, from what scanners and technicians write.
struct SequenceGuessTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let description: String
        let role: SequenceRole?
        var times: (repetition: Double, echo: Double, inversion: Double?)?
        var scanning: [String] = []
        var agent: String?
        var imageType = ["ORIGINAL", "PRIMARY"]
        /// What a warning contains.
        var warning: String?

        var testDescription: String { description }

        var guess: SequenceGuess {
            var attributes = SeriesAttributes()
            attributes.seriesDescription = description.isEmpty ? nil : description
            attributes.repetitionTime = times?.repetition
            attributes.echoTime = times?.echo
            attributes.inversionTime = times?.inversion
            attributes.scanningSequence = scanning
            attributes.contrastAgent = agent
            attributes.imageType = imageType
            return SequenceGuess(attributes)
        }
    }

    private static let cases = [
        Case(description: "AX T1", role: .t1), Case(description: "AX T1 POST", role: .t1ce),
        Case(description: "t1_mprage_tra nach KM", role: .t1ce), Case(description: "T1 SE tra ohne KM", role: .t1),
        Case(description: "T1 injecté", role: .t1ce), Case(description: "T1 sans injection", role: .t1),
        Case(description: "T1 con contraste", role: .t1ce), Case(description: "T1 sin contraste", role: .t1),
        Case(description: "T1 dopo mdc", role: .t1ce), Case(description: "T1 senza mdc", role: .t1),
        Case(description: "T1 po kontraście Gd", role: .t1ce), Case(description: "T1 с контрастом", role: .t1ce),
        Case(description: "T1 без контраста", role: .t1), Case(description: "T1 增强", role: .t1ce),
        Case(description: "T1 造影", role: .t1ce), Case(description: "T1 조영", role: .t1ce),
        Case(description: "Ax T1 FLAIR", role: .t1), Case(description: "Ax T2 FLAIR", role: .flair),
        Case(description: "t2_spc_da-fl_sag", role: .flair), Case(description: "T2W_TSE", role: .t2),
        Case(description: "AX T2* GRE", role: nil), Case(description: "STIR cor", role: nil),
        Case(description: "AX PD", role: nil), Case(description: "TOF 3D", role: nil),
        Case(description: "T1 SUB", role: nil, imageType: ["DERIVED", "SECONDARY", "SUBTRACT"]),
        Case(description: "Perfusion DSC", role: nil), Case(description: "AX T1", role: .t1ce, agent: "Gadovist"),
        Case(description: "AX T1", role: .t1, agent: "NONE"),
        Case(description: "T1 pre", role: .t1, agent: "Gadovist", warning: "Contrast/Bolus Agent is stated"),
        Case(description: "", role: .t1, times: (500, 10, nil), scanning: ["SE"]),
        Case(description: "", role: .t1, times: (2300, 3, 900), scanning: ["GR", "IR"]),
        Case(description: "", role: .t2, times: (5000, 100, nil), scanning: ["SE"]),
        Case(description: "", role: .flair, times: (9000, 120, 2500), scanning: ["SE", "IR"]),
        Case(description: "", role: nil, times: (3000, 15, nil), scanning: ["SE"]),
        Case(description: "", role: nil), Case(description: "brain", role: nil, times: (1500, 50, nil)),
        // Mislabelled: the times exclude what the name says.
        Case(
            description: "AX T2", role: .t1, times: (500, 10, nil), scanning: ["SE"],
            warning: "The description says T2, but TR 500 ms, TE 10 ms means T1."),
        Case(
            description: "AX T2", role: .flair, times: (9000, 120, 2500), scanning: ["SE", "IR"],
            warning: "The description says T2"),
        Case(description: "T2W_TSE_SENSE", role: .t2, times: (3500, 90, nil), scanning: ["SE"]),
        Case(
            description: "t2_tirm_cor", role: nil, times: (4000, 60, 160), scanning: ["SE", "IR"],
            warning: "The description says FLAIR, but TR 4000 ms, TE 60 ms, TI 160 ms means STIR."),
        // The times of a 3D FLAIR without inversion time fit T2.
        Case(description: "3D FLAIR", role: .flair, times: (5000, 380, nil)),
    ]

    @Test(arguments: cases) func attributesSayWhichSequenceItIs(_ given: Case) {
        let guess = given.guess
        #expect(guess.role == given.role, "\(guess.reason)")
        #expect(!guess.reason.isEmpty)
        if let warning = given.warning {
            #expect(guess.warnings.contains { $0.contains(warning) }, "\(guess.warnings)")
        } else {
            #expect(guess.warnings.isEmpty, "\(guess.warnings)")
        }
    }
}
