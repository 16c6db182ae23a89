extension SettingsCatalogue {
    static let database = Section(
        title: "Database connections",
        settings: [
            Setting(
                "DATABASE_POOL_SIZE", .integer(1...1000), default: "8", reader: .all,
                "Connections per process: concurrent transactions (PostgreSQL) or concurrent readers (SQLite). PostgreSQL needs one more per process for notifications; keep the sum below its `max_connections`."
            ),
            Setting(
                "DATABASE_POOL_TIMEOUT", .integer(0...3600), default: "30", reader: .all,
                "Seconds that a request waits for a free PostgreSQL connection before it is answered with 503; `0` means no limit."
            ),
            Setting(
                "DATABASE_STATEMENT_TIMEOUT", .integer(0...86_400), default: "60", reader: .all,
                "Seconds that a PostgreSQL statement may run (`statement_timeout`); `0` means no limit. A connection that gives no answer for 5 s longer is closed. Migrations are exempt."
            ),
            Setting(
                "DATABASE_LOCK_TIMEOUT", .integer(0...86_400), default: "10", reader: .all,
                "Seconds that a PostgreSQL statement waits for a lock (`lock_timeout`); `0` means no limit."),
            Setting(
                "DATABASE_IDLE_IN_TRANSACTION_TIMEOUT", .integer(0...86_400), default: "60", reader: .all,
                "Seconds after which PostgreSQL ends a transaction that does nothing (`idle_in_transaction_session_timeout`), such as that of a suspended process; `0` means no limit."
            ),
        ])
}
