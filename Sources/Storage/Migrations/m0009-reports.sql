-- Reports that are edited, signed and printed; what clinicians say of results; experts' masks with their agreement.
-- Rules as in m0001: shared types, microseconds since 1970 UTC, booleans 0 or 1, unique constraints uq_<table>_<columns>.

-- Rises with every change of text or status: the number of the report's last edit, and its ETag.
ALTER TABLE reports ADD COLUMN revision INTEGER NOT NULL DEFAULT 0 CHECK (revision >= 0);
-- What the check of the text had found and the signer signed all the same; JSON, a list of sentences.
ALTER TABLE report_edits ADD COLUMN acknowledged TEXT NOT NULL DEFAULT '[]';

-- A report printed as PDF: one for each revision that was asked for.
CREATE TABLE report_pdfs (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    institution_id TEXT NOT NULL,
    report_id TEXT NOT NULL,
    revision INTEGER NOT NULL CHECK (revision >= 0),
    -- The report's status as printed: anything but finalized or exported carries the watermark.
    status TEXT NOT NULL CONSTRAINT ck_report_pdfs_status
        CHECK (status IN ('draft', 'reviewed', 'finalized', 'exported')),
    blob_id TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    FOREIGN KEY (institution_id, report_id) REFERENCES reports (institution_id, id) ON DELETE CASCADE,
    -- Deferred: a deleted case takes its blobs one step before its reports' files.
    FOREIGN KEY (institution_id, blob_id) REFERENCES blobs (institution_id, id) DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY (institution_id, created_by) REFERENCES users (institution_id, id)
);
CREATE INDEX ix_report_pdfs_report ON report_pdfs (report_id, created_at, id);
CREATE INDEX ix_report_pdfs_blob ON report_pdfs (blob_id);

-- What a clinician says of a result: marks from 1 to 5 for the whole and for regions, right or wrong, a comment.
CREATE TABLE result_feedback (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    institution_id TEXT NOT NULL,
    case_id TEXT NOT NULL,
    result_id TEXT NOT NULL,
    rating INTEGER CHECK (rating BETWEEN 1 AND 5),
    whole_tumour_rating INTEGER CHECK (whole_tumour_rating BETWEEN 1 AND 5),
    tumour_core_rating INTEGER CHECK (tumour_core_rating BETWEEN 1 AND 5),
    enhancing_tumour_rating INTEGER CHECK (enhancing_tumour_rating BETWEEN 1 AND 5),
    is_correct INTEGER CHECK (is_correct IN (0, 1)),
    comment TEXT NOT NULL DEFAULT '' CHECK (length(comment) <= 4000),
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT ck_result_feedback_content CHECK (
        rating IS NOT NULL OR whole_tumour_rating IS NOT NULL OR tumour_core_rating IS NOT NULL
        OR enhancing_tumour_rating IS NOT NULL OR is_correct IS NOT NULL OR length(comment) > 0),
    FOREIGN KEY (institution_id, case_id) REFERENCES cases (institution_id, id) ON DELETE CASCADE,
    FOREIGN KEY (institution_id, result_id) REFERENCES results (institution_id, id) ON DELETE CASCADE,
    FOREIGN KEY (institution_id, created_by) REFERENCES users (institution_id, id)
);
CREATE INDEX ix_result_feedback_case ON result_feedback (case_id, created_at, id);

-- A mask that an expert drew, and how well the newest result of that time agrees with it.
CREATE TABLE expert_masks (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    institution_id TEXT NOT NULL,
    case_id TEXT NOT NULL,
    result_id TEXT NOT NULL,
    job_id TEXT NOT NULL,
    blob_id TEXT NOT NULL,
    -- The series on whose grid it lies.
    sequence TEXT NOT NULL CONSTRAINT ck_expert_masks_sequence CHECK (sequence IN ('t1', 't1ce', 't2', 'flair')),
    -- What its labels mean.
    convention TEXT NOT NULL CHECK (length(convention) BETWEEN 1 AND 40),
    uploaded_by TEXT NOT NULL,
    uploaded_at BIGINT NOT NULL,
    -- JSON by region; null until the job has compared the masks.
    agreement_json TEXT,
    CONSTRAINT uq_expert_masks_job_id UNIQUE (job_id),
    FOREIGN KEY (institution_id, case_id) REFERENCES cases (institution_id, id) ON DELETE CASCADE,
    FOREIGN KEY (institution_id, result_id) REFERENCES results (institution_id, id) ON DELETE CASCADE,
    FOREIGN KEY (institution_id, job_id) REFERENCES jobs (institution_id, id),
    FOREIGN KEY (institution_id, blob_id) REFERENCES blobs (institution_id, id) DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY (institution_id, uploaded_by) REFERENCES users (institution_id, id)
);
CREATE INDEX ix_expert_masks_case ON expert_masks (case_id, uploaded_at, id);
CREATE INDEX ix_expert_masks_blob ON expert_masks (blob_id);
