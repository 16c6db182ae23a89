-- Institutions, people, sessions, cases, images, blobs and the audit trail.
-- Types are those that SQLite and PostgreSQL share; times are microseconds since 1970 UTC, booleans 0 or 1.
-- Unique constraints are named uq_<table>_<columns>, so that both databases report them alike.

CREATE TABLE institutions (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    created_at BIGINT NOT NULL
);

-- Whoever registers without an invitation belongs here.
INSERT INTO institutions (id, name, created_at)
VALUES ('00000000-0000-4000-8000-000000000001', 'Default institution', 0);

CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    institution_id TEXT NOT NULL REFERENCES institutions (id),
    email TEXT NOT NULL CHECK (length(email) BETWEEN 3 AND 254 AND email = lower(email)),
    password_hash TEXT NOT NULL,
    first_name TEXT NOT NULL CHECK (length(first_name) <= 150),
    last_name TEXT NOT NULL CHECK (length(last_name) <= 150),
    role TEXT NOT NULL CONSTRAINT ck_users_role CHECK (role IN ('doctor', 'radiologist', 'researcher', 'admin')),
    institution_name TEXT NOT NULL DEFAULT '' CHECK (length(institution_name) <= 200),
    specialty TEXT NOT NULL DEFAULT '' CHECK (length(specialty) <= 200),
    phone_number TEXT NOT NULL DEFAULT '' CHECK (length(phone_number) <= 40),
    -- The full name in lower case, since the databases' own lower() leaves letters beyond ASCII as they are.
    search_text TEXT NOT NULL DEFAULT '',
    is_email_verified INTEGER NOT NULL DEFAULT 0 CHECK (is_email_verified IN (0, 1)),
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT,
    CONSTRAINT uq_users_email UNIQUE (email),
    CONSTRAINT uq_users_institution_id_id UNIQUE (institution_id, id)
);
CREATE INDEX ix_users_list ON users (institution_id, created_at, id);

-- One row per sign-in: the family of all its refresh tokens. Ended means that its access tokens are dead as well.
CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    institution_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT,
    end_reason TEXT CHECK (end_reason IN ('logout', 'password_changed', 'replay', 'user_deleted')),
    CONSTRAINT ck_sessions_end CHECK ((ended_at IS NULL) = (end_reason IS NULL)),
    CONSTRAINT uq_sessions_institution_id_id UNIQUE (institution_id, id),
    FOREIGN KEY (institution_id, user_id) REFERENCES users (institution_id, id)
);
CREATE INDEX ix_sessions_user ON sessions (user_id, ended_at);
CREATE INDEX ix_sessions_expiry ON sessions (expires_at);

CREATE TABLE refresh_tokens (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    institution_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    parent_id TEXT REFERENCES refresh_tokens (id) ON DELETE SET NULL,
    issued_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    first_used_at BIGINT,
    last_used_at BIGINT,
    CONSTRAINT ck_refresh_tokens_use CHECK ((first_used_at IS NULL) = (last_used_at IS NULL)),
    FOREIGN KEY (institution_id, session_id) REFERENCES sessions (institution_id, id) ON DELETE CASCADE
);
CREATE INDEX ix_refresh_tokens_session ON refresh_tokens (session_id);
CREATE INDEX ix_refresh_tokens_parent ON refresh_tokens (parent_id);

CREATE TABLE cases (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    institution_id TEXT NOT NULL,
    created_by TEXT NOT NULL,
    patient_id TEXT NOT NULL CHECK (length(patient_id) BETWEEN 1 AND 100),
    age INTEGER CHECK (age BETWEEN 0 AND 130),
    sex TEXT CONSTRAINT ck_cases_sex CHECK (sex IN ('M', 'F', 'O')),
    status TEXT NOT NULL CONSTRAINT ck_cases_status
        CHECK (status IN ('created', 'uploading', 'uploaded', 'processing', 'completed', 'failed', 'archived')),
    scan_date TEXT CHECK (length(scan_date) = 10),
    field_strength TEXT CONSTRAINT ck_cases_field_strength CHECK (field_strength IN ('1.5T', '3T', '7T')),
    scanner_type TEXT NOT NULL DEFAULT '' CHECK (length(scanner_type) <= 200),
    clinical_history TEXT NOT NULL DEFAULT '',
    indication TEXT NOT NULL DEFAULT '',
    diagnosis TEXT NOT NULL DEFAULT '',
    priority TEXT NOT NULL DEFAULT 'normal' CHECK (length(priority) BETWEEN 1 AND 40),
    notes TEXT NOT NULL DEFAULT '',
    -- Lower-case text that a search looks through; written together with the columns that it repeats.
    search_text TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    completed_at BIGINT,
    CONSTRAINT uq_cases_institution_id_id UNIQUE (institution_id, id),
    FOREIGN KEY (institution_id, created_by) REFERENCES users (institution_id, id)
);
CREATE INDEX ix_cases_list ON cases (institution_id, created_at, id);
CREATE INDEX ix_cases_owner ON cases (created_by, created_at, id);
CREATE INDEX ix_cases_status ON cases (institution_id, status, created_at, id);

-- A stored file. The file is on disk before its row is written, and is swept some time after its row is gone:
-- rows of a case's files go with the case, whichever table names them.
CREATE TABLE blobs (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    institution_id TEXT NOT NULL REFERENCES institutions (id),
    case_id TEXT,
    sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
    size BIGINT NOT NULL CHECK (size >= 0),
    created_at BIGINT NOT NULL,
    CONSTRAINT uq_blobs_institution_id_id UNIQUE (institution_id, id),
    FOREIGN KEY (institution_id, case_id) REFERENCES cases (institution_id, id) ON DELETE CASCADE
);
CREATE INDEX ix_blobs_case ON blobs (case_id);

CREATE TABLE images (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    institution_id TEXT NOT NULL,
    case_id TEXT NOT NULL,
    blob_id TEXT NOT NULL,
    modality TEXT NOT NULL CONSTRAINT ck_images_modality CHECK (modality IN ('t1', 't1ce', 't2', 'flair')),
    original_filename TEXT NOT NULL CHECK (length(original_filename) <= 255),
    file_size BIGINT NOT NULL CHECK (file_size > 0),
    -- Digest of the uncompressed file: the same image is known again however it was packed.
    content_digest TEXT NOT NULL CHECK (length(content_digest) = 64),
    size_x INTEGER NOT NULL CHECK (size_x > 0),
    size_y INTEGER NOT NULL CHECK (size_y > 0),
    size_z INTEGER NOT NULL CHECK (size_z > 0),
    -- Millimetres.
    spacing_x DOUBLE PRECISION NOT NULL CHECK (spacing_x > 0),
    spacing_y DOUBLE PRECISION NOT NULL CHECK (spacing_y > 0),
    spacing_z DOUBLE PRECISION NOT NULL CHECK (spacing_z > 0),
    uploaded_by TEXT NOT NULL,
    uploaded_at BIGINT NOT NULL,
    CONSTRAINT uq_images_case_id_modality UNIQUE (case_id, modality),
    CONSTRAINT uq_images_case_id_content_digest UNIQUE (case_id, content_digest),
    FOREIGN KEY (institution_id, case_id) REFERENCES cases (institution_id, id) ON DELETE CASCADE,
    FOREIGN KEY (institution_id, blob_id) REFERENCES blobs (institution_id, id),
    FOREIGN KEY (institution_id, uploaded_by) REFERENCES users (institution_id, id)
);
CREATE INDEX ix_images_blob ON images (blob_id);

-- Who did what to which object. Rows are only ever added; they name objects by id and hold no patient data.
CREATE TABLE audit_entries (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    institution_id TEXT NOT NULL REFERENCES institutions (id),
    occurred_at BIGINT NOT NULL,
    actor_id TEXT REFERENCES users (id),
    action TEXT NOT NULL,
    object_type TEXT NOT NULL,
    object_id TEXT,
    outcome TEXT NOT NULL CONSTRAINT ck_audit_entries_outcome CHECK (outcome IN ('done', 'refused', 'failed')),
    request_id TEXT,
    address TEXT
);
CREATE INDEX ix_audit_entries_list ON audit_entries (institution_id, occurred_at, id);
CREATE INDEX ix_audit_entries_object ON audit_entries (institution_id, object_type, object_id, occurred_at);
