import Features
import Foundation
import Imaging
import Inference
import Storage

/// Every setting that there is. README's table, `.env.example` and `neuroai check` are made from it, and tests hold them in step.
enum SettingsCatalogue {
    /// A heading of `.env.example` with its settings.
    struct Section: Sendable {
        let title: String
        let settings: [Setting]
    }

    static let sections = [data, models, worker, server, accounts, logs, later]
    static let all = sections.flatMap(\.settings)
    private static let byName = Dictionary(all.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })

    static func find(_ name: String) -> Setting? { byName[name] }

    private static let data = Section(
        title: "Data",
        settings: [
            Setting(
                "DATABASE_URL", .judged(by: database), default: "sqlite:///db.sqlite3", secrecy: .password,
                reader: .all,
                "or `postgresql://user:password@host:5432/name`"),
            Setting("MEDIA_ROOT", .text, default: "./media", reader: .all, "where images and masks are kept"),
            Setting(
                "MAX_UPLOAD_SIZE", .bytes(1...(1 << 40)), default: "1073741824",
                "bytes of one file, or a number with a unit (`2 GiB`)"),
            Setting(
                "INSTITUTION_QUOTA", .bytes(0...(1 << 60)), default: "0",
                "bytes, or a number with a unit (`500 GB`, `2 TiB`), that an institution may store where it has no rule of its own (set on its page in `/admin/`); 0 is no limit"
            ),
            Setting(
                "UPLOAD_LIFETIME_HOURS", .integer(1...8760), default: "24",
                "how long an upload in parts (tus) may take"),
            Setting(
                "FILE_URL_LIFETIME", .integer(1...1440), default: "15",
                "minutes that a signed address of a file is good"),
            Setting(
                "CASE_RETENTION_DAYS", .integer(0...3650), default: "30",
                "how long a deleted case can be restored before it is removed for good"),
            Setting(
                "STATIC_ROOT", .text, default: "./staticfiles", reader: .command,
                "where `neuroai collectstatic` puts the pages' assets for a proxy"),
        ])

    private static let models = Section(
        title: "Models",
        settings: [
            Setting(
                "SEGMENTATION_MODEL_PATH", .text, default: "models/unet", reader: .all,
                "the model package that works where no other one is activated; a checkpoint (`.pth`) is made a package by `neuroai models import`"
            ),
            Setting(
                "MODELS_ROOT", .text, default: "models", reader: .all,
                "the folder of the packages that can be activated; imported ones are laid there"),
            Setting(
                "MODEL_PRECISION", .choice(["f32", "int8"]), default: "f32", reader: .worker,
                "or `int8`: faster, where the package has such networks (`models/unet/MODEL_CARD.md` says what it costs)"
            ),
            Setting(
                "MODEL_DEVICE", .judged(by: device), default: "cpu", reader: .worker,
                "where networks run: `cpu`; `gpu` (Intel graphics, through OpenVINO); `cuda` (an NVIDIA GPU, through ONNX Runtime); `auto` takes the first of `cuda`, `gpu` and `cpu` that can be used and says why it left out another. A device that is absent ends the program with what to install"
            ),
            Setting(
                "ONNXRUNTIME_LIBRARY", .text, default: nil,
                note: "where the system's loader looks, else `.deps/onnxruntime/lib`", reader: .worker,
                "`libonnxruntime.so` 1.17 or later for `cuda`, such as the one in the PyPI package `onnxruntime-gpu` (`onnxruntime/capi/`); NVIDIA's driver, CUDA and cuDNN must lie where the loader finds them"
            ),
            Setting(
                "ATLAS_PATH", .text, default: AtlasSource.debian.path, reader: .worker,
                "the atlas of `mricron-data`, which names the lobes; without it none is named"),
        ])

    private static let worker = Section(
        title: "Worker",
        settings: [
            Setting(
                "WORKER_CLASSES", .judged(by: workerClasses), default: JobClass.text(WorkerSlots.usualClasses),
                reader: .serverAndWorker,
                "which jobs a worker runs, comma-separated: `interactive` (reports, scores of masks), `imaging` (segmentations), `training`; `--classes` of `neuroai worker` wins"
            ),
            Setting(
                "WORKER_SLOTS", .integer(WorkerSlots.allowedCounts), default: nil, note: "one for each class",
                reader: .serverAndWorker,
                "how many jobs a worker runs at once; with two or more, one of them is always left to `interactive` jobs, in a process of its own. `--slots` of `neuroai worker` wins"
            ),
            Setting(
                "WORKER_MEMORY_LIMIT", .judged(by: memorySize), default: "75%", reader: .serverAndWorker,
                "memory of one worker process: a size such as `8G`, a share of the machine's (or its container's) memory such as `75%`, or `0` for no limit. A job that needs more fails with that reason"
            ),
            Setting(
                "SEGMENTATION_TIME_LIMIT", .integer(1...1440), default: "60", reader: .serverAndWorker,
                "minutes after which a segmentation is stopped and fails"),
            Setting(
                "SEGMENTATION_STAGE_TIME_LIMIT", .integer(1...1440), default: "15", reader: .serverAndWorker,
                "minutes without progress after which a segmentation is stopped and tried again"),
        ])

    private static let server = Section(
        title: "Server",
        settings: [
            Setting(
                "HOST", .text, default: "127.0.0.1",
                "where the server listens: `127.0.0.1` is this machine alone, `0.0.0.0` everywhere"),
            Setting("PORT", .integer(1...65_535), default: "8000", "the port on which it listens"),
            Setting(
                "PUBLIC_URL", .judged(by: publicURL), default: nil, note: "from each request",
                "how clients reach the server, such as `https://neuroai.example.org` (behind a proxy that speaks TLS)"),
            Setting(
                "ALLOWED_HOSTS", .list, default: nil, note: "`localhost`, `127.0.0.1`, `[::1]` and `HOST`",
                "names under which the server may be asked for, comma-separated; `.example.org` takes all names below; `*` takes any. `PUBLIC_URL`'s is always among them; others are answered with 400"
            ),
            Setting(
                "CLIENT_TIMEOUT", .integer(1...3600), default: "30",
                "seconds for which a client may keep the server waiting: for a request's head, for 1 KiB/s of its body, for fetching an answer; then the connection is closed, at the latest after twice this time"
            ),
            Setting(
                "SHUTDOWN_TIMEOUT", .integer(0...3600), default: "25",
                "seconds that requests may still take after SIGTERM or SIGINT; then their connections are closed. A second signal closes them at once"
            ),
            Setting(
                "SWAGGER_UI_PATH", .text, default: ".deps/swagger-ui", "where the files of `/api/docs/` lie"),
            Setting(
                "CORS_ALLOWED_ORIGINS", .list, default: "http://localhost:5173,http://localhost:3000",
                "browser clients on other addresses"),
            Setting(
                "METRICS_TOKEN", .judged(by: metricsToken), default: nil,
                note: "none: `/metrics` answers this machine alone", secrecy: .secret,
                "the bearer token with which Prometheus reads `/metrics`, 16 characters or more; needed where there is a proxy (`PUBLIC_URL`, `TRUSTED_PROXIES`)"
            ),
        ])

    private static let logs = Section(
        title: "Logs",
        settings: [
            Setting(
                "LOG_ROOT", .text, default: "logs", reader: .serverAndWorker,
                "the folder of `app.log` (server) and `celery.log` (workers), which are written beside standard error; `-` writes none"
            ),
            Setting(
                "LOG_FORMAT", .choice(["text", "json"]), default: "text", reader: .all,
                "`text`, or `json`: an object on each line"),
            Setting(
                "LOG_LEVEL", .choice(["trace", "debug", "info", "notice", "warning", "error", "critical"]),
                default: "info", reader: .all, "`trace` to `critical`"),
            Setting(
                "LOG_MAX_BYTES", .bytes(10_000...(1 << 40)), default: "10485760", reader: .serverAndWorker,
                "a log file is put aside (`app.log.1`) before it grows beyond this"),
            Setting(
                "LOG_KEEP", .integer(1...1000), default: "5", reader: .serverAndWorker,
                "how many log files that were put aside are kept"),
            Setting(
                "DEBUG", .flag, default: "false", reader: .all,
                "where true and `LOG_LEVEL` is not set, logs at `debug`; answers never show more for it"),
        ])

    private static let later = Section(
        title: "Names of the original that have no effect yet",
        settings: [
            Setting(
                "CELERY_BROKER_URL", awaiting: "jobs are rows of the database; no broker is needed",
                secrecy: .password),
            Setting(
                "CELERY_RESULT_BACKEND", awaiting: "results are rows of the database", secrecy: .password),
            Setting(
                "LLM_MODEL_PATH", awaiting: "reports are composed of measured findings; no language model writes them"),
        ])
}

// What takes more than a look at a number or a word.
extension SettingsCatalogue {
    @Sendable private static func database(_ text: String) throws {
        do {
            _ = try DatabaseURL(text)
        } catch let error as DatabaseError {
            throw SettingsError(error.message)
        }
    }

    @Sendable private static func workerClasses(_ text: String) throws {
        guard JobClass.list(text) != nil else { throw SettingsError(JobClass.sentence(naming: "WORKER_CLASSES")) }
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
            throw SettingsError("PUBLIC_URL is an address such as https://neuroai.example.org.")
        }
    }

    @Sendable private static func metricsToken(_ text: String) throws {
        guard text.utf8.count >= 16, text.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) else {
            throw SettingsError("METRICS_TOKEN has 16 characters or more, ASCII and without spaces.")
        }
    }
}
