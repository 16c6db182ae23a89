-- Which model package works for an institution. Rows are added and rolled back, never removed: the last one that is not rolled
-- back is in force; without one the operator's default is.
CREATE TABLE model_activations (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    institution_id TEXT NOT NULL REFERENCES institutions (id),
    -- SHA-256 of the package's model.json.
    model_digest TEXT NOT NULL CHECK (length(model_digest) = 64),
    model_name TEXT NOT NULL CHECK (length(model_name) BETWEEN 1 AND 200),
    model_version TEXT NOT NULL CHECK (length(model_version) BETWEEN 1 AND 200),
    -- Null where the operator did it on the command line.
    activated_by TEXT,
    activated_at BIGINT NOT NULL,
    rolled_back_at BIGINT,
    FOREIGN KEY (institution_id, activated_by) REFERENCES users (institution_id, id)
);
CREATE INDEX ix_model_activations_institution ON model_activations (institution_id, activated_at, id);
