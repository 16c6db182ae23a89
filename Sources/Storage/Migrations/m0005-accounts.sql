-- Accounts: superusers, deactivation, invitations, second factors, sharing of cases, throttles.
-- Rules as in m0001.

ALTER TABLE users ADD COLUMN is_active INTEGER NOT NULL DEFAULT 1 CHECK (is_active IN (0, 1));
-- A superuser may act as administrator of any institution; made on the command line only.
ALTER TABLE users ADD COLUMN is_superuser INTEGER NOT NULL DEFAULT 0 CHECK (is_superuser IN (0, 1));

-- Sessions end for more reasons and say where they are used. SQLite can't change a CHECK, so both tables are made again.
CREATE TABLE sessions_copy AS SELECT * FROM sessions;
CREATE TABLE refresh_tokens_copy AS SELECT * FROM refresh_tokens;
DROP TABLE refresh_tokens;
DROP TABLE sessions;
CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    institution_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    -- Within some minutes: not every request writes it.
    last_used_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT,
    end_reason TEXT CONSTRAINT ck_sessions_end_reason CHECK (end_reason IN (
        'logout', 'password_changed', 'replay', 'user_deleted', 'role_changed', 'deactivated', 'ended_by_user')),
    -- As of the sign-in.
    address TEXT CHECK (length(address) <= 60),
    user_agent TEXT CHECK (length(user_agent) <= 300),
    CONSTRAINT ck_sessions_end CHECK ((ended_at IS NULL) = (end_reason IS NULL)),
    CONSTRAINT uq_sessions_institution_id_id UNIQUE (institution_id, id),
    FOREIGN KEY (institution_id, user_id) REFERENCES users (institution_id, id)
);
INSERT INTO sessions (id, institution_id, user_id, created_at, last_used_at, expires_at, ended_at, end_reason)
    SELECT id, institution_id, user_id, created_at, created_at, expires_at, ended_at, end_reason FROM sessions_copy;
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
INSERT INTO refresh_tokens (id, institution_id, session_id, parent_id, issued_at, expires_at, first_used_at, last_used_at)
    SELECT id, institution_id, session_id, parent_id, issued_at, expires_at, first_used_at, last_used_at
    FROM refresh_tokens_copy;
CREATE INDEX ix_refresh_tokens_session ON refresh_tokens (session_id);
CREATE INDEX ix_refresh_tokens_parent ON refresh_tokens (parent_id);
DROP TABLE refresh_tokens_copy;
DROP TABLE sessions_copy;

-- Cases that a colleague may see as well.
CREATE TABLE case_shares (
    case_id TEXT NOT NULL,
    institution_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    access TEXT NOT NULL CONSTRAINT ck_case_shares_access CHECK (access IN ('read', 'write')),
    -- A superuser of another institution may have done it.
    shared_by TEXT NOT NULL REFERENCES users (id),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (case_id, user_id),
    FOREIGN KEY (institution_id, case_id) REFERENCES cases (institution_id, id) ON DELETE CASCADE,
    FOREIGN KEY (institution_id, user_id) REFERENCES users (institution_id, id)
);
CREATE INDEX ix_case_shares_user ON case_shares (user_id, case_id);

-- A link that lets one person join an institution in a role. The link's token is kept as its SHA-256 alone.
CREATE TABLE invitations (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    institution_id TEXT NOT NULL REFERENCES institutions (id),
    role TEXT NOT NULL CONSTRAINT ck_invitations_role CHECK (role IN ('doctor', 'radiologist', 'researcher', 'admin')),
    -- Where set, the only address that may use it.
    email TEXT CHECK (length(email) BETWEEN 3 AND 254 AND email = lower(email)),
    token_digest TEXT NOT NULL CHECK (length(token_digest) = 64),
    created_by TEXT NOT NULL REFERENCES users (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    used_by TEXT REFERENCES users (id),
    revoked_at BIGINT,
    CONSTRAINT ck_invitations_use CHECK ((used_at IS NULL) = (used_by IS NULL)),
    CONSTRAINT uq_invitations_token_digest UNIQUE (token_digest)
);
CREATE INDEX ix_invitations_list ON invitations (institution_id, created_at, id);

-- A user's second factor (RFC 6238); it counts once it is confirmed.
CREATE TABLE second_factors (
    user_id TEXT NOT NULL PRIMARY KEY,
    institution_id TEXT NOT NULL,
    -- Sealed with a key of the service.
    secret TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    confirmed_at BIGINT,
    -- The newest time step whose code was taken: no code is taken twice.
    last_step BIGINT NOT NULL DEFAULT 0,
    FOREIGN KEY (institution_id, user_id) REFERENCES users (institution_id, id)
);

-- Codes for a lost second factor, each good once; kept as keyed digests.
CREATE TABLE recovery_codes (
    user_id TEXT NOT NULL REFERENCES second_factors (user_id) ON DELETE CASCADE,
    digest TEXT NOT NULL CHECK (length(digest) = 64),
    used_at BIGINT,
    PRIMARY KEY (user_id, digest)
);

-- How far attempts of one kind have used up what they may (generic cell rate algorithm). The key is a keyed digest of
-- kind and name: neither addresses nor e-mails are kept here.
CREATE TABLE throttles (
    key TEXT NOT NULL PRIMARY KEY CHECK (length(key) = 64),
    -- When all is free again.
    free_at BIGINT NOT NULL
);
CREATE INDEX ix_throttles_free ON throttles (free_at);
