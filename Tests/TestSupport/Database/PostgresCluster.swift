import Basics
import Foundation
import Storage

/// A PostgreSQL of one test, which the test may stop, restart or take down; with TLS if it asks for it. Its superuser is
/// `neuroai`, and `certified` signs in with a client certificate.
package final class PostgresCluster: Sendable {
    package let folder: URL
    package let port: Int
    private let password = UUID().uuidString

    /// The folder of the Unix socket.
    package var socket: String { folder.path }

    package func url(_ host: String? = nil, user: String? = nil, options: String = "") -> String {
        "postgresql://\(user ?? "neuroai:\(password)")@\(host ?? "127.0.0.1"):\(port)/postgres\(options)"
    }

    package func address(_ host: String? = nil, user: String? = nil, options: String = "") throws -> PostgresAddress {
        guard case .postgres(let address) = try DatabaseURL(url(host, user: user, options: options)) else {
            throw DatabaseError(.unavailable, "not PostgreSQL")
        }
        return address
    }

    private init(folder: URL, port: Int) {
        self.folder = folder
        self.port = port
    }

    package static func with<T: Sendable>(
        tls: Bool = false, _ body: @Sendable (PostgresCluster) async throws -> T
    ) async throws -> T {
        try await TemporaryFolder.with { folder in
            let cluster = PostgresCluster(folder: folder, port: Int(try FreePort.findForRestarts()))
            let result: Result<T, any Error>
            do {
                try await cluster.create(tls: tls)
                result = .success(try await body(cluster))
            } catch {
                result = .failure(error)
            }
            try? await cluster.stop(.immediate)
            return try result.get()
        }
    }

    package enum StopMode: String, Sendable {
        case fast, immediate
    }

    package func stop(_ mode: StopMode = .fast) async throws {
        try await shell("control -m \(mode.rawValue) -w stop")
    }

    package func start() async throws {
        try await shell("control -w -t 30 -l \"$folder/log\" start")
    }

    /// `kill -9` of one server process.
    package func kill(_ process: Int) async throws {
        try await shell("kill -9 \(process)")
    }

    private func create(tls: Bool) async throws {
        try await shell(
            """
            chmod 755 "$folder"
            mkdir "$folder/data"
            if [ "$(id -u)" -eq 0 ]; then chown -R postgres "$folder"; fi
            (umask 077; printf '%s' "$password" > "$folder/password"); if [ "$(id -u)" -eq 0 ]; then chown postgres "$folder/password"; fi
            server "$bin/initdb" -D "$folder/data" -U neuroai --pwfile="$folder/password" --auth=scram-sha-256 \
                --encoding=UTF8 --locale=C --no-sync
            cat >> "$folder/data/postgresql.conf" <<END
            listen_addresses = '127.0.0.1'
            port = $port
            unix_socket_directories = '$folder'
            fsync = off
            full_page_writes = off
            END
            """)
        if tls { try await secure() }
        try await start()
        if tls {
            try await shell(
                "PGPASSWORD=$password psql -X -q -h 127.0.0.1 -p $port -U neuroai postgres -c 'CREATE USER certified'")
        }
    }

    /// One authority signs the certificates of the server and of a client.
    private func secure() async throws {
        try await shell(
            """
            cd "$folder"
            openssl req -x509 -newkey rsa:2048 -nodes -days 2 -keyout ca.key -out ca.crt -subj /CN=authority
            openssl req -x509 -newkey rsa:2048 -nodes -days 2 -keyout other.key -out other.crt -subj /CN=other
            sign() {
                openssl req -newkey rsa:2048 -nodes -keyout $1.key -out $1.csr -subj /CN=$2
                openssl x509 -req -in $1.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -out $1.crt \
                    -extfile <(echo "subjectAltName=DNS:localhost")
                chmod 600 $1.key
            }
            sign server localhost
            sign client certified
            cp server.key server.crt ca.crt data/
            if [ "$(id -u)" -eq 0 ]; then chown postgres data/server.key; fi
            echo "ssl = on
            ssl_ca_file = 'ca.crt'" >> data/postgresql.conf
            echo "local all all scram-sha-256
            hostssl all certified 127.0.0.1/32 cert
            hostssl all all 127.0.0.1/32 scram-sha-256" > data/pg_hba.conf
            """)
    }

    private static let prelude = """
        set -euo pipefail
        bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)
        server() {
            if [ "$(id -u)" -eq 0 ]; then (cd /; runuser -u postgres -- "$@"); else "$@"; fi
        }
        # Otherwise the server would keep the pipes open by which Process learns that this script has ended.
        close_inherited() {
            for path in /proc/"$BASHPID"/fd/*; do
                case ${path##*/} in 0 | 1 | 2 | 255) ;; *) eval "exec ${path##*/}>&-" ;; esac
            done
        }
        close_inherited
        control() { server "$bin/pg_ctl" -D "$folder/data" "$@"; }

        """

    /// On a thread of its own: a test's few cooperative threads must not wait for a server.
    private func shell(_ script: String) async throws {
        try await DedicatedThread.run(named: "cluster") { [self] in try shellNow(script) }
    }

    private func shellNow(_ script: String) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = ["-c", Self.prelude + script]
        process.environment = ProcessInfo.processInfo.environment.merging(
            ["folder": folder.path, "port": String(port), "password": password]
        ) { $1 }
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw DatabaseError(.unavailable, "the test's PostgreSQL failed at: \(script)")
        }
    }
}
