-- Who may come in: registrations that wait for an administrator's approval, and addresses from which a user has signed in before.
-- Rules as in m0001.

-- A pending account can't be used, so it is inactive as well.
ALTER TABLE users ADD COLUMN is_pending INTEGER NOT NULL DEFAULT 0
    CONSTRAINT ck_users_is_pending CHECK (is_pending = 0 OR (is_pending = 1 AND is_active = 0));
CREATE INDEX ix_users_pending ON users (institution_id, created_at, id) WHERE is_pending = 1;

-- Failed sign-ins from these are counted apart, so that nobody else can lock the account out there. Kept as keyed digests.
CREATE TABLE known_addresses (
    user_id TEXT NOT NULL REFERENCES users (id),
    digest TEXT NOT NULL CHECK (length(digest) = 64),
    last_used_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, digest)
);
CREATE INDEX ix_known_addresses_last_used ON known_addresses (last_used_at);
