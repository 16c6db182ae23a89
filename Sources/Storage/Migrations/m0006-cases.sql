-- Cases: revisions, soft deletion, counts, indices for every order of a list; keys of repeated requests; resumable uploads;
-- the bytes that an institution stores. Rules as in m0001.

-- Rises with every change; raising it first is how a transaction locks the row on both databases.
ALTER TABLE cases ADD COLUMN revision BIGINT NOT NULL DEFAULT 1 CHECK (revision >= 1);
-- A deleted case is hidden, and purged after a time of retention.
ALTER TABLE cases ADD COLUMN deleted_at BIGINT;
ALTER TABLE cases ADD COLUMN deleted_by TEXT REFERENCES users (id);

-- One index for each order of a list, for the institution and for one author: a page costs the same however many cases there are.
-- They hold what is not deleted. The tie-break stands behind the column: the id, for states and patients the time and the id, so that
-- the newest cases in one state or of one patient are found by them as well.
DROP INDEX ix_cases_list;
DROP INDEX ix_cases_owner;
DROP INDEX ix_cases_status;
CREATE INDEX ix_cases_created ON cases (institution_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX ix_cases_updated ON cases (institution_id, updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX ix_cases_status ON cases (institution_id, status, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX ix_cases_patient ON cases (institution_id, patient_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX ix_cases_priority ON cases (institution_id, priority, id) WHERE deleted_at IS NULL;
CREATE INDEX ix_cases_author_created ON cases (institution_id, created_by, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX ix_cases_author_updated ON cases (institution_id, created_by, updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX ix_cases_author_status ON cases (institution_id, created_by, status, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX ix_cases_author_patient ON cases (institution_id, created_by, patient_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX ix_cases_author_priority ON cases (institution_id, created_by, priority, id) WHERE deleted_at IS NULL;
CREATE INDEX ix_cases_deleted ON cases (institution_id, deleted_at, id) WHERE deleted_at IS NOT NULL;
CREATE INDEX ix_cases_purge ON cases (deleted_at) WHERE deleted_at IS NOT NULL;
-- A purged case takes its results along, and those their reports.
CREATE INDEX ix_reports_result ON reports (result_id);

-- How many cases that are not deleted an author has in a state; written in the transaction that changes them, so that the number of
-- all rows is never counted. A row may be missing where the number is 0.
CREATE TABLE case_counts (
    institution_id TEXT NOT NULL REFERENCES institutions (id),
    created_by TEXT NOT NULL,
    status TEXT NOT NULL,
    number BIGINT NOT NULL,
    PRIMARY KEY (institution_id, created_by, status)
);
INSERT INTO case_counts (institution_id, created_by, status, number)
    SELECT institution_id, created_by, status, COUNT(*) FROM cases GROUP BY institution_id, created_by, status;

-- The answers to requests that carried an Idempotency-Key, kept for a day.
CREATE TABLE idempotency_keys (
    institution_id TEXT NOT NULL REFERENCES institutions (id),
    user_id TEXT NOT NULL REFERENCES users (id),
    -- A keyed digest of what the client sent as the key.
    key_digest TEXT NOT NULL CHECK (length(key_digest) = 64),
    -- A keyed digest of method, address and body: the same key for another request is refused.
    request_digest TEXT NOT NULL CHECK (length(request_digest) = 64),
    created_at BIGINT NOT NULL,
    -- Null while the request is worked on. The answer is sealed with a key of the service.
    answer TEXT,
    CONSTRAINT uq_idempotency_keys_user_id_key_digest UNIQUE (user_id, key_digest)
);
CREATE INDEX ix_idempotency_keys_created ON idempotency_keys (created_at);

-- Files that arrive in parts (tus 1.0); how many bytes are here is what the file's own length says.
CREATE TABLE case_uploads (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    institution_id TEXT NOT NULL,
    case_id TEXT NOT NULL,
    created_by TEXT NOT NULL,
    modality TEXT NOT NULL CONSTRAINT ck_case_uploads_modality CHECK (modality IN ('t1', 't1ce', 't2', 'flair')),
    filename TEXT NOT NULL CHECK (length(filename) <= 255),
    -- Bytes of the whole file.
    size BIGINT NOT NULL CHECK (size > 0),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    -- Set once the image has become one of the case's.
    completed_at BIGINT,
    FOREIGN KEY (institution_id, case_id) REFERENCES cases (institution_id, id) ON DELETE CASCADE,
    FOREIGN KEY (institution_id, created_by) REFERENCES users (institution_id, id)
);
CREATE INDEX ix_case_uploads_case ON case_uploads (case_id);
CREATE INDEX ix_case_uploads_open ON case_uploads (institution_id, completed_at);
CREATE INDEX ix_case_uploads_expiry ON case_uploads (expires_at);

-- The bytes of an institution's blobs, and how many it may store where that differs from the operator's rule.
ALTER TABLE institutions ADD COLUMN stored_bytes BIGINT NOT NULL DEFAULT 0;
ALTER TABLE institutions ADD COLUMN quota_bytes BIGINT CHECK (quota_bytes >= 0);
UPDATE institutions SET stored_bytes = COALESCE(
    (SELECT SUM(b.size) FROM blobs b WHERE b.institution_id = institutions.id), 0);
