-- Jobs, inference tasks, results with their files and findings, and reports.
-- Rules as in m0001: shared types, microseconds since 1970 UTC, booleans 0 or 1, unique constraints uq_<table>_<columns>.

-- Work that runs outside a request, enqueued in the transaction that asks for it. `parameters` is JSON of ids only.
CREATE TABLE jobs (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    institution_id TEXT NOT NULL REFERENCES institutions (id),
    kind TEXT NOT NULL CHECK (length(kind) BETWEEN 1 AND 60),
    parameters TEXT NOT NULL,
    status TEXT NOT NULL CONSTRAINT ck_jobs_status
        CHECK (status IN ('pending', 'running', 'completed', 'failed', 'cancelled')),
    priority INTEGER NOT NULL DEFAULT 0,
    -- How often it was begun; of those, `losses` ended because the worker died or fell silent.
    attempt INTEGER NOT NULL DEFAULT 0 CHECK (attempt >= 0),
    losses INTEGER NOT NULL DEFAULT 0 CHECK (losses >= 0),
    max_attempts INTEGER NOT NULL CHECK (max_attempts >= 1),
    run_after BIGINT NOT NULL,
    -- The lease names the worker and, by its token, this one run: a worker that takes its own lost job again is another run.
    lease_owner TEXT,
    lease_token TEXT CHECK (length(lease_token) = 36),
    lease_expires BIGINT,
    heartbeat_at BIGINT,
    progress DOUBLE PRECISION NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 1),
    current_step TEXT CHECK (length(current_step) <= 200),
    cancel_requested INTEGER NOT NULL DEFAULT 0 CHECK (cancel_requested IN (0, 1)),
    error_message TEXT CHECK (length(error_message) <= 1000),
    -- Rises with every change; raising it first is how a transaction locks the row on both databases.
    revision BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    started_at BIGINT,
    finished_at BIGINT,
    CONSTRAINT ck_jobs_losses CHECK (losses <= attempt),
    CONSTRAINT ck_jobs_lease CHECK (
        (status = 'running') = (lease_owner IS NOT NULL) AND (lease_owner IS NULL) = (lease_token IS NULL)
        AND (lease_owner IS NULL) = (lease_expires IS NULL)),
    CONSTRAINT ck_jobs_finished CHECK ((finished_at IS NULL) = (status IN ('pending', 'running'))),
    CONSTRAINT uq_jobs_institution_id_id UNIQUE (institution_id, id)
);
CREATE INDEX ix_jobs_due ON jobs (status, priority, created_at, id);
CREATE INDEX ix_jobs_lease ON jobs (status, lease_expires);

-- A segmentation that somebody asked for; how far it is stands in its job.
CREATE TABLE inference_tasks (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    institution_id TEXT NOT NULL,
    case_id TEXT NOT NULL,
    job_id TEXT NOT NULL,
    -- The model that was asked for by name; null means the installed one.
    model_id TEXT CHECK (length(model_id) <= 200),
    -- SHA-256 over the sequences, their content digests and `model_id`.
    inputs_digest TEXT NOT NULL CHECK (length(inputs_digest) = 64),
    -- Equals `inputs_digest` until the task ends, then null: two equal tasks never run at once.
    active_inputs TEXT,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT uq_inference_tasks_job_id UNIQUE (job_id),
    CONSTRAINT uq_inference_tasks_case_id_active_inputs UNIQUE (case_id, active_inputs),
    CONSTRAINT uq_inference_tasks_institution_id_id UNIQUE (institution_id, id),
    CONSTRAINT ck_inference_tasks_active CHECK (active_inputs IS NULL OR active_inputs = inputs_digest),
    FOREIGN KEY (institution_id, case_id) REFERENCES cases (institution_id, id) ON DELETE CASCADE,
    FOREIGN KEY (institution_id, job_id) REFERENCES jobs (institution_id, id),
    FOREIGN KEY (institution_id, created_by) REFERENCES users (institution_id, id)
);
CREATE INDEX ix_inference_tasks_list ON inference_tasks (institution_id, created_at, id);
CREATE INDEX ix_inference_tasks_case ON inference_tasks (case_id, created_at, id);

-- What a completed task measured; written once, never changed.
CREATE TABLE results (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    institution_id TEXT NOT NULL,
    case_id TEXT NOT NULL,
    task_id TEXT NOT NULL,
    result_json TEXT NOT NULL,
    manifest_json TEXT NOT NULL,
    model_name TEXT NOT NULL,
    model_version TEXT NOT NULL,
    model_digest TEXT NOT NULL,
    inputs_digest TEXT NOT NULL CHECK (length(inputs_digest) = 64),
    code_version TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT uq_results_task_id UNIQUE (task_id),
    CONSTRAINT uq_results_institution_id_id UNIQUE (institution_id, id),
    FOREIGN KEY (institution_id, case_id) REFERENCES cases (institution_id, id) ON DELETE CASCADE,
    FOREIGN KEY (institution_id, task_id) REFERENCES inference_tasks (institution_id, id) ON DELETE CASCADE
);
CREATE INDEX ix_results_case ON results (case_id, created_at, id);

CREATE TABLE result_files (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    institution_id TEXT NOT NULL,
    result_id TEXT NOT NULL,
    blob_id TEXT NOT NULL,
    -- `t1ce/segmentation.nii.gz`
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    content TEXT NOT NULL CONSTRAINT ck_result_files_content
        CHECK (content IN ('labels', 'region', 'probabilities', 'manifest')),
    region TEXT,
    sequence TEXT,
    CONSTRAINT uq_result_files_result_id_name UNIQUE (result_id, name),
    FOREIGN KEY (institution_id, result_id) REFERENCES results (institution_id, id) ON DELETE CASCADE,
    -- Deferred: a deleted case takes its blobs one step before its results' files.
    FOREIGN KEY (institution_id, blob_id) REFERENCES blobs (institution_id, id) DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX ix_result_files_blob ON result_files (blob_id);

-- The measured facts that reports cite; the same as in `result_json`, one row each.
CREATE TABLE findings (
    result_id TEXT NOT NULL,
    institution_id TEXT NOT NULL,
    -- `F1`, `F2` …
    number TEXT NOT NULL CHECK (length(number) BETWEEN 1 AND 20),
    position INTEGER NOT NULL,
    kind TEXT NOT NULL,
    region TEXT,
    lesion INTEGER,
    quantity DOUBLE PRECISION,
    unit TEXT,
    term TEXT,
    PRIMARY KEY (result_id, number),
    FOREIGN KEY (institution_id, result_id) REFERENCES results (institution_id, id) ON DELETE CASCADE
);

CREATE TABLE reports (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    institution_id TEXT NOT NULL,
    case_id TEXT NOT NULL,
    result_id TEXT NOT NULL,
    -- The job that wrote it; null where a user asked for it.
    job_id TEXT,
    status TEXT NOT NULL CONSTRAINT ck_reports_status
        CHECK (status IN ('draft', 'reviewed', 'finalized', 'exported')),
    ai_generated_text TEXT NOT NULL,
    finalized_text TEXT,
    -- The document as composed: sections, sentences and the findings that each sentence states.
    document_json TEXT NOT NULL,
    edit_count INTEGER NOT NULL DEFAULT 0 CHECK (edit_count >= 0),
    generated_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    last_edited_by TEXT,
    CONSTRAINT uq_reports_job_id UNIQUE (job_id),
    CONSTRAINT uq_reports_institution_id_id UNIQUE (institution_id, id),
    FOREIGN KEY (institution_id, case_id) REFERENCES cases (institution_id, id) ON DELETE CASCADE,
    FOREIGN KEY (institution_id, result_id) REFERENCES results (institution_id, id) ON DELETE CASCADE,
    FOREIGN KEY (institution_id, job_id) REFERENCES jobs (institution_id, id),
    FOREIGN KEY (institution_id, last_edited_by) REFERENCES users (institution_id, id)
);
CREATE INDEX ix_reports_list ON reports (institution_id, generated_at, id);
CREATE INDEX ix_reports_case ON reports (case_id, generated_at, id);

-- Every change of a report's text or status, with the reason given; number 1 is the first change.
CREATE TABLE report_edits (
    report_id TEXT NOT NULL,
    institution_id TEXT NOT NULL,
    number INTEGER NOT NULL CHECK (number >= 1),
    edited_by TEXT NOT NULL,
    edited_at BIGINT NOT NULL,
    reason TEXT NOT NULL DEFAULT '' CHECK (length(reason) <= 2000),
    status TEXT NOT NULL CONSTRAINT ck_report_edits_status
        CHECK (status IN ('draft', 'reviewed', 'finalized', 'exported')),
    text TEXT,
    PRIMARY KEY (report_id, number),
    FOREIGN KEY (institution_id, report_id) REFERENCES reports (institution_id, id) ON DELETE CASCADE,
    FOREIGN KEY (institution_id, edited_by) REFERENCES users (institution_id, id)
);
