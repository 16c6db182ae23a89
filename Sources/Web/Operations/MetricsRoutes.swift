import Features
import Foundation
import HTTPTypes
import Hummingbird
import Kernel
import NIOCore

/// `/metrics` for Prometheus: with the token, otherwise only from this machine. It contains figures of all institutions
/// and no personal data.
struct MetricsRoutes {
    let operations: OperationsService
    let settings: WebSettings
    let requests: RequestMetrics
    let events: EventFeed
    let signIns: SignInRefusals
    private let started = Date()

    func add(to router: Router<WebContext>) {
        router.get("metrics", use: metrics)
    }

    @Sendable private func metrics(_ request: Request, _ context: WebContext) async throws -> Response {
        try admit(request, context)
        var text = PrometheusText()
        add(requests: self.requests.present, to: &text)
        add(events.figures, to: &text)
        add(signIns.counts, to: &text)
        await addNumbers(to: &text)
        addProcess(to: &text)
        return Response(
            status: .ok, headers: [.contentType: PrometheusText.mediaType],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text.text)))
    }

    /// A request forwarded by a local proxy comes from elsewhere. Not every proxy identifies itself, so if the settings
    /// mention one, the token is required.
    private func admit(_ request: Request, _ context: WebContext) throws {
        if let token = settings.metricsToken {
            guard let given = request.headers[.authorization], given.isSame(as: "Bearer \(token)") else {
                throw AppError(.unauthenticated, "Send METRICS_TOKEN as a bearer token.")
            }
            return
        }
        let hasProxy = settings.publicURL != nil || !settings.trustedProxies.isEmpty
        // A page whose own name resolves to this machine's address sends that name as host.
        let isNamedHere = AllowedHosts(WebSettings.localHosts).allows(request.head.authority ?? "")
        guard !hasProxy, !request.headers.comeThroughProxy, isNamedHere,
            context.remoteAddress?.ipAddress.flatMap({ NetworkAddress($0) })?.isLoopback == true
        else {
            throw AppError(.notFound, "Not found.")
        }
    }

    private func add(requests: RequestMetrics.State, to text: inout PrometheusText) {
        let calls = requests.calls.sorted { $0.key < $1.key }
        text.begin("neuroai_http_requests_total", .counter, "Requests by route pattern, method and status.")
        for (call, tally) in calls {
            for (status, count) in tally.byStatus.sorted(by: { $0.key < $1.key }) {
                text.sample(
                    "neuroai_http_requests_total",
                    ["route": call.route, "method": call.method, "status": String(status)], Double(count))
            }
        }
        let name = "neuroai_http_request_duration_seconds"
        text.begin(name, .histogram, "Time to first byte of the response.")
        for (call, tally) in calls {
            text.histogram(
                name, [("route", call.route), ("method", call.method)], bounds: RequestMetrics.buckets,
                counts: tally.byDuration, sum: tally.seconds)
        }
        text.add(
            "neuroai_http_requests_in_flight", .gauge, "Requests in progress.", Double(requests.inFlight)
        )
    }

    private func add(_ figures: EventFigures, to text: inout PrometheusText) {
        text.begin("neuroai_event_streams", .gauge, "Open event streams of this process by protocol.")
        for transport in EventTransport.allCases {
            text.sample("neuroai_event_streams", ["protocol": transport.rawValue], Double(figures.open[transport] ?? 0))
        }
        text.begin("neuroai_events_sent_total", .counter, "Events sent by protocol.")
        for transport in EventTransport.allCases {
            text.sample(
                "neuroai_events_sent_total", ["protocol": transport.rawValue], Double(figures.sent[transport] ?? 0))
        }
        text.begin("neuroai_event_streams_ended_total", .counter, "Ended event streams by reason.")
        for reason in EventStreamEnd.allCases {
            text.sample(
                "neuroai_event_streams_ended_total", ["reason": reason.rawValue], Double(figures.ended[reason] ?? 0))
        }
    }

    private func add(_ refusals: [SignInRefusal: Int], to text: inout PrometheusText) {
        text.begin("neuroai_sign_ins_refused_total", .counter, "Sign-ins refused by this process by reason.")
        for reason in SignInRefusal.allCases {
            text.sample("neuroai_sign_ins_refused_total", ["reason": reason.rawValue], Double(refusals[reason] ?? 0))
        }
    }

    private func addNumbers(to text: inout PrometheusText) async {
        let numbers = await operations.numbers()
        let pool = numbers.pool
        text.add("neuroai_database_up", .gauge, "1 if the database is reachable.", numbers.rows == nil ? 0 : 1)
        text.begin(
            "neuroai_database_pool", .gauge, "Database connections of this process: total, busy and waiting calls.")
        for (state, number) in [("places", pool.places), ("busy", pool.busy), ("waiting", pool.waiting)] {
            text.sample("neuroai_database_pool", ["state": state], Double(number))
        }
        if let space = numbers.dataSpace {
            text.add(
                "neuroai_disk_free_bytes", .gauge, "Free space of the file system of MEDIA_ROOT.",
                Double(space.freeBytes))
            text.add(
                "neuroai_disk_size_bytes", .gauge, "Size of the file system of MEDIA_ROOT.", Double(space.sizeBytes))
        }
        guard let rows = numbers.rows else { return }
        add(rows.jobs, to: &text)
        for metric in SharedMetric.allCases { text.add(metric, rows.totals(of: metric)) }
        text.add("neuroai_stored_bytes", .gauge, "Stored files of all institutions.", Double(rows.storedBytes))
        add(rows.workers, to: &text)
    }

    private func add(_ workers: [WorkerRow], to text: inout PrometheusText) {
        text.add("neuroai_workers", .gauge, "Workers with a recent heartbeat.", Double(workers.count))
        text.begin("neuroai_model_load_seconds", .gauge, "Model load time by worker.")
        for worker in workers {
            guard let model = worker.model else { continue }
            text.sample(
                "neuroai_model_load_seconds",
                ["worker": worker.id.string, "model": model.identity.name, "version": model.identity.version],
                model.loadSeconds)
        }
    }

    private func add(_ jobs: [JobCount], to text: inout PrometheusText) {
        text.begin("neuroai_jobs", .gauge, "Unfinished jobs by kind and state.")
        for job in jobs {
            text.sample("neuroai_jobs", ["kind": job.kind, "state": job.status.rawValue], Double(job.count))
        }
        let now = Date().timeIntervalSince1970
        text.begin("neuroai_jobs_oldest_age_seconds", .gauge, "Age of the oldest unfinished job.")
        for job in jobs where job.status == .pending || job.status == .running {
            text.sample(
                "neuroai_jobs_oldest_age_seconds", ["kind": job.kind, "state": job.status.rawValue],
                max(0, now - job.oldest.seconds))
        }
    }

    private func addProcess(to text: inout PrometheusText) {
        text.begin("neuroai_build_info", .gauge, "Running version.")
        text.sample("neuroai_build_info", ["version": settings.version], 1)
        text.add(
            "process_start_time_seconds", .gauge, "Start time of the server, Unix time.",
            started.timeIntervalSince1970)
        guard let process = ProcessFigures() else { return }
        text.add("process_resident_memory_bytes", .gauge, "Resident memory.", process.residentBytes)
        text.add("process_virtual_memory_bytes", .gauge, "Virtual memory.", process.virtualBytes)
        text.add("process_cpu_seconds_total", .counter, "CPU time.", process.cpuSeconds)
        text.add("process_open_fds", .gauge, "Open file descriptors.", process.openFiles)
    }
}

extension String {
    /// Compares in constant time.
    fileprivate func isSame(as other: String) -> Bool {
        let left = Array(utf8)
        let right = Array(other.utf8)
        guard left.count == right.count else { return false }
        return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}

extension HTTPField.Name {
    static let forwardedFor = HTTPField.Name("X-Forwarded-For").unsafelyUnwrapped
}
