-- When each periodic task last ran: of several schedulers, the one that changes the row first runs the task.
-- Rules as in m0001: shared types, microseconds since 1970 UTC, booleans 0 or 1, unique constraints uq_<table>_<columns>.
CREATE TABLE periodic_tasks (
    name TEXT NOT NULL PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 200),
    last_run_at BIGINT NOT NULL
);
