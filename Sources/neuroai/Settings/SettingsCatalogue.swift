import Foundation
import Imaging
import Inference
import Kernel
import Storage

/// All settings. `docs/settings.md`, `.env.example` and `neuroai check` are generated from it; `scripts/check` verifies
/// that the files are up to date.
enum SettingsCatalogue {
    /// A section of `.env.example`.
    struct Section: Sendable {
        let title: String
        let settings: [Setting]
    }

    static let sections = [
        data, database, storage, models, worker, server, events, accounts, singleSignOn, logs, later,
    ]
    static let all = sections.flatMap(\.settings)
    private static let byName = Dictionary(all.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })

    static func find(_ name: String) -> Setting? { byName[name] }

    private static let data = Section(
        title: "Data",
        settings: [
            Setting(
                "DATABASE_URL", .judged(by: databaseURL), default: "sqlite:///db.sqlite3", secrecy: .password,
                reader: .all,
                "Database URL: `sqlite:///path` (in an existing directory), or a libpq connection URI such as `postgresql://user:password@host:5432/name?sslmode=verify-full` with its parameters (TLS files, `connect_timeout`, `target_session_attrs`, `options`), several hosts or a socket (`postgresql:///name?host=/run/postgresql`)."
            ),
            Setting(
                "MEDIA_ROOT", .text, default: "./media", reader: .all,
                "Directory for images and masks (unless `STORAGE_URL` is set), the secret key and work files."),
            Setting(
                "MAX_UPLOAD_SIZE", .bytes(1...(1 << 40)), default: "1073741824",
                "Maximum size of one uploaded file, in bytes or with a unit (`2 GiB`)."),
            Setting(
                "INSTITUTION_QUOTA", .bytes(0...(1 << 60)), default: "0",
                "Default storage quota per institution, in bytes or with a unit (`500 GB`, `2 TiB`); `0` means unlimited. Override it for one institution in `/admin/`."
            ),
            Setting(
                "UPLOAD_LIFETIME_HOURS", .integer(1...8760), default: "24",
                "Hours until an incomplete resumable (tus) upload expires."),
            Setting(
                "FILE_URL_LIFETIME", .integer(1...1440), default: "15",
                "Lifetime of a signed file URL, in minutes."),
            Setting(
                "CASE_RETENTION_DAYS", .integer(0...3650), default: "30",
                "Days during which a deleted case can be restored before it is purged."),
            Setting(
                "STATIC_ROOT", .text, default: "./staticfiles", reader: .command,
                "Target directory of `neuroai collectstatic`, from which a proxy serves static files."),
        ])

    private static let models = Section(
        title: "Models",
        settings: [
            Setting(
                "SEGMENTATION_MODEL_PATH", .text, default: "models/unet", installed: "models/unet", reader: .all,
                "Default model package, used where no other one is activated. Convert a checkpoint (`.pth`) with `neuroai models import`."
            ),
            Setting(
                "MODELS_ROOT", .text, default: "models", installed: "models", reader: .all,
                "Directory of model packages that can be activated. `neuroai models import` writes to it."),
            Setting(
                "MODEL_PRECISION", .choice(["f32", "int8"]), default: "f32", reader: .worker,
                "Network precision, `f32` or `int8`. `int8` is faster where the package has quantized networks; `models/unet/MODEL_CARD.md` has the accuracy."
            ),
            Setting(
                "MODEL_DEVICE", .judged(by: device), default: "cpu", reader: .worker,
                "Inference device: `cpu`, `gpu` (Intel, OpenVINO), `cuda` (NVIDIA, ONNX Runtime) or `auto` (the first of `cuda`, `gpu`, `cpu` that is available). The program exits if the device is missing."
            ),
            Setting(
                "ONNXRUNTIME_LIBRARY", .text, default: nil,
                note: "system library path, then `.deps/onnxruntime/lib`", reader: .worker,
                "`libonnxruntime.so` 1.17 or later for `cuda`, e.g. from the PyPI package `onnxruntime-gpu` (`onnxruntime/capi/`). The NVIDIA driver, CUDA and cuDNN must be on the library path."
            ),
            Setting(
                "ATLAS_PATH", .text, default: AtlasSource.debian.path, reader: .worker,
                "Directory of the `mricron-data` atlas. Without it, reports name no lobes."),
        ])

    private static let worker = Section(
        title: "Worker",
        settings: [
            Setting(
                "WORKER_CLASSES", .judged(by: workerClasses), default: JobClass.text(WorkerSlots.usualClasses),
                reader: .serverAndWorker,
                "Job classes of a worker, comma-separated: `interactive` (reports, mask scores), `imaging` (segmentations), `training`. `--classes` of `neuroai worker` overrides it."
            ),
            Setting(
                "WORKER_SLOTS", .integer(WorkerSlots.allowedCounts), default: nil, note: "one per class",
                reader: .serverAndWorker,
                "Jobs that a worker runs at once. With two or more, one slot is reserved for `interactive` jobs, in a process of its own. `--slots` of `neuroai worker` overrides it."
            ),
            Setting(
                "CELERY_BROKER_URL", .judged(by: redis("CELERY_BROKER_URL")), default: nil,
                note: "none: the database carries the jobs", secrecy: .password, reader: .serverAndWorker,
                "Redis that carries jobs to workers as Celery tasks: `redis://:password@host:6379/0`, `rediss://` with TLS (`ssl_ca_certs=…`, `ssl_cert_reqs=…`)."
            ),
            Setting(
                "CELERY_RESULT_BACKEND", .judged(by: redis("CELERY_RESULT_BACKEND")), default: nil, note: "none",
                secrecy: .password, reader: .serverAndWorker,
                "Redis that stores the results of tasks for Celery clients. The results themselves are in the database."
            ),
            Setting(
                "CELERY_BEAT_SCHEDULE", .text, default: nil, note: "maintenance, hourly", reader: .server,
                "JSON file with the schedule of periodic tasks, in the form of Celery's `beat_schedule`."),
            Setting(
                "WORKER_MEMORY_LIMIT", .judged(by: memorySize), default: "75%", reader: .serverAndWorker,
                "Memory limit per worker process: a size (`8G`), a share of the machine's or container's memory (`75%`), or `0` for no limit. A job that exceeds it fails."
            ),
            Setting(
                "SEGMENTATION_TIME_LIMIT", .integer(1...1440), default: "60", reader: .serverAndWorker,
                "Minutes after which a running segmentation is stopped and marked as failed."),
            Setting(
                "SEGMENTATION_STAGE_TIME_LIMIT", .integer(1...1440), default: "15", reader: .serverAndWorker,
                "Minutes without progress after which a segmentation is stopped and retried."),
        ])

    private static let server = Section(
        title: "Server",
        settings: [
            Setting(
                "HOST", .text, default: "127.0.0.1",
                "Address to listen on: `127.0.0.1` for this machine only, `0.0.0.0` for all interfaces."),
            Setting("PORT", .integer(1...65_535), default: "8000", "Port to listen on."),
            Setting(
                "PUBLIC_URL", .judged(by: publicURL), default: nil, note: "taken from the request",
                "URL under which clients reach the server, e.g. `https://neuroai.example.org` behind a TLS proxy."),
            Setting(
                "ALLOWED_HOSTS", .list, default: nil, note: "`localhost`, `127.0.0.1`, `[::1]` and `HOST`",
                "Accepted host names, comma-separated; `.example.org` matches all subdomains, `*` any host. The host of `PUBLIC_URL` is always accepted; other hosts get 400."
            ),
            Setting(
                "CLIENT_TIMEOUT", .integer(1...3600), default: "30",
                "Seconds to wait for a slow client: for the request head, for 1 KiB/s of the body, or for reading the response or a message of an event stream. The connection is closed after at most twice this time."
            ),
            Setting(
                "SHUTDOWN_TIMEOUT", .integer(0...3600), default: "25",
                "Seconds that running requests may take after SIGTERM or SIGINT before their connections are closed. A second signal closes them at once."
            ),
            Setting(
                "SWAGGER_UI_PATH", .text, default: ".deps/swagger-ui", installed: "swagger-ui",
                "Directory of the Swagger UI files for `/api/docs/`."),
            Setting(
                "CORS_ALLOWED_ORIGINS", .list, default: "http://localhost:5173,http://localhost:3000",
                "Origins of browser clients, comma-separated."),
            Setting(
                "METRICS_TOKEN", .judged(by: metricsToken), default: nil,
                note: "none: `/metrics` is local only", secrecy: .secret,
                "Bearer token for `/metrics`, at least 16 characters. Required behind a proxy (`PUBLIC_URL`, `TRUSTED_PROXIES`)."
            ),
        ])

    private static let events = Section(
        title: "Event streams",
        settings: [
            Setting(
                "EVENT_STREAMS", .integer(0...1_000_000), default: "5000",
                "Maximum number of open event streams (server-sent events and WebSockets) per server process; more get 503. Each needs a file descriptor."
            ),
            Setting(
                "EVENT_STREAMS_PER_USER", .integer(1...10_000), default: "20",
                "Maximum number of open event streams per user and server process; more get 429."),
            Setting(
                "EVENT_KEEPALIVE", .integer(1...3600), default: "15",
                "Seconds between keep-alive comments and WebSocket pings. A WebSocket client that does not answer a ping before the next one is disconnected."
            ),
            Setting(
                "EVENT_STREAM_LIFETIME", .integer(0...86_400), default: "3600",
                "Seconds after which an event stream ends and its client reconnects; it never outlasts its access token. With `0` a stream ends after the changes that are already known."
            ),
        ])

    private static let logs = Section(
        title: "Logs",
        settings: [
            Setting(
                "LOG_ROOT", .text, default: "logs", reader: .serverAndWorker,
                "Directory of `app.log` (server) and `celery.log` (workers), written in addition to standard error; `-` disables log files."
            ),
            Setting(
                "LOG_FORMAT", .choice(["text", "json"]), default: "text", reader: .all,
                "Log format: `text` or `json` (one object per line)."),
            Setting(
                "LOG_LEVEL", .choice(["trace", "debug", "info", "notice", "warning", "error", "critical"]),
                default: "info", reader: .all, "Lowest level to log, from `trace` to `critical`."),
            Setting(
                "LOG_MAX_BYTES", .bytes(10_000...(1 << 40)), default: "10485760", reader: .serverAndWorker,
                "Maximum size of a log file before it is rotated (`app.log.1`)."),
            Setting(
                "LOG_KEEP", .integer(1...1000), default: "5", reader: .serverAndWorker,
                "Number of rotated log files to keep."),
            Setting(
                "DEBUG", .flag, default: "false", reader: .all,
                "Logs at `debug` unless `LOG_LEVEL` is set. Responses never contain debug information."),
        ])

    private static let later = Section(
        title: "Accepted for compatibility",
        settings: [
            Setting(
                "LLM_MODEL_PATH", awaiting: "reports are generated from measured findings, not by a language model.")
        ])
}

// Validation beyond the type of a value.
extension SettingsCatalogue {
    @Sendable static func databaseURL(_ text: String) throws {
        do {
            _ = try DatabaseURL(text)
        } catch let error as DatabaseError {
            throw SettingsError(error.message)
        }
    }

    @Sendable private static func workerClasses(_ text: String) throws {
        guard JobClass.list(text) != nil else { throw SettingsError(JobClass.sentence(naming: "WORKER_CLASSES")) }
    }

    private static func redis(_ name: String) -> @Sendable (String) throws -> Void {
        { _ = try Settings.redis($0, name) }
    }

    @Sendable private static func memorySize(_ text: String) throws {
        _ = try MemorySize(text)
    }

    @Sendable private static func device(_ text: String) throws {
        do {
            _ = try ComputeDevice(setting: text)
        } catch let error as ImagingError {
            throw SettingsError(error.message)
        }
    }

    @Sendable private static func publicURL(_ text: String) throws {
        let parts = URLComponents(string: text)
        guard ["http", "https"].contains(parts?.scheme), parts?.host?.isEmpty == false, parts?.query == nil else {
            throw SettingsError("PUBLIC_URL must be a URL such as https://neuroai.example.org.")
        }
    }

    @Sendable private static func metricsToken(_ text: String) throws {
        guard text.utf8.count >= 16, text.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) else {
            throw SettingsError("METRICS_TOKEN must have at least 16 ASCII characters and no spaces.")
        }
    }
}
