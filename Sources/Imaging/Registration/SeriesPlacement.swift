/// Where a series lies in the reference's space, and how that was found.
package struct SeriesPlacement: Codable, Equatable, Sendable {
    package enum Method: String, Codable, Sendable {
        /// The reference itself.
        case reference
        /// The series shares the reference's voxels and overlays it: registration was skipped.
        case sharedGrid = "shared_grid"
        case registered
        /// No registration was good enough, so the headers' positions were kept.
        case header
    }

    package let sequence: MRISequence
    package let method: Method
    /// From the series' patient space to the reference's: 4 × 4, RAS mm.
    package let transform: [[Double]]
    /// Mattes' mutual information with the reference in nats; `nil` without a registration.
    package let mutualInformation: Double?
    /// Iterations of the optimiser; `nil` without a registration.
    package let iterations: Int?
    /// `nil` without a registration.
    package let converged: Bool?
    /// What the search started from, for example `header` or `centres`; `nil` without a registration.
    package let start: String?
    /// The number of searches, each with more starts and denser sampling than the one before; 0 if skipped.
    package let attempts: Int
    /// The `sharpness` and `handedness` of the series and the reference at this position; `nil` for the reference.
    package let sharpness: Double?
    package let handedness: Double?
    /// Why a person must check the position; `nil` if it is good.
    package let problem: RegistrationProblem?

    private enum CodingKeys: String, CodingKey {
        case sequence, method, transform
        case mutualInformation = "mutual_information"
        case iterations, converged, start, attempts, sharpness, handedness, problem
    }

    /// - Parameters:
    ///   - map: from the series' patient space to the reference's.
    ///   - found: the registration, if there was one.
    init(
        _ sequence: MRISequence, _ method: Method, map: VoxelAffine = .identity,
        found: ImageRegistration.Found? = nil, attempts: Int = 0, overlay: SeriesPair? = nil,
        problem: RegistrationProblem? = nil
    ) {
        self.sequence = sequence
        self.method = method
        transform = (0..<3).map { Array(map.rows[4 * $0..<4 * $0 + 4]) } + [[0, 0, 0, 1]]
        mutualInformation = found?.mutualInformation
        iterations = found?.iterations
        converged = attempts > 0 ? found != nil : nil
        start = found?.start
        self.attempts = attempts
        sharpness = overlay?.sharpness
        handedness = overlay?.handedness
        self.problem = problem
    }

    /// From the series' patient space to the reference's.
    package var map: VoxelAffine { VoxelAffine(rows: Array(transform.joined().prefix(12))) }
}

/// Why a registration is not trusted.
package enum RegistrationProblem: String, Codable, Error, Sendable {
    /// No search converged before its cap of iterations.
    case notConverged = "not_converged"
    /// The images have too little in common to be compared.
    case noOverlap = "no_overlap"
    /// The map turns or moves the head further than a patient can move.
    case implausible
    /// The optimiser converged, but the details of the two images do not coincide.
    case poorMatch = "poor_match"

    /// The end of a sentence about two series.
    var reason: String {
        switch self {
        case .notConverged: "the search did not converge"
        case .noOverlap: "the images hardly overlap"
        case .implausible: "the position found is implausible"
        case .poorMatch: "their details do not coincide"
        }
    }
}
