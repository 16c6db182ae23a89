-- Workers that are alive, and an index for counting jobs.
-- Rules as in m0001: shared types, microseconds since 1970 UTC, booleans 0 or 1, unique constraints uq_<table>_<columns>.

-- A row for each worker process; it goes when the worker stops, and is stale where the worker died.
CREATE TABLE workers (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 100),
    version TEXT NOT NULL CHECK (length(version) <= 100),
    started_at BIGINT NOT NULL,
    beat_at BIGINT NOT NULL,
    -- The model that it has loaded; all null where it could load none.
    model_name TEXT CHECK (length(model_name) <= 200),
    model_version TEXT CHECK (length(model_version) <= 200),
    model_digest TEXT CHECK (length(model_digest) <= 200),
    model_load_seconds DOUBLE PRECISION CHECK (model_load_seconds >= 0)
);
CREATE INDEX ix_workers_beat ON workers (beat_at);

-- Counting by kind and state reads this and not the rows.
CREATE INDEX ix_jobs_kind_status ON jobs (kind, status, created_at);
