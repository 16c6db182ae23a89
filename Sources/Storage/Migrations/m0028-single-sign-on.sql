-- Sign-in through an OpenID provider: which account there is which user here, and which sessions began there.
-- Rules as in m0001.

-- Users with an identity have no password here: their password_hash is empty.
CREATE TABLE identities (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    institution_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    issuer TEXT NOT NULL CHECK (length(issuer) BETWEEN 1 AND 500),
    -- Compared exactly; at most 255 characters (OpenID Connect Core 1.0 §2).
    subject TEXT NOT NULL CHECK (length(subject) BETWEEN 1 AND 255),
    created_at BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    CONSTRAINT uq_identities_issuer_subject UNIQUE (issuer, subject),
    -- A second account with the same email address must not take over the user.
    CONSTRAINT uq_identities_user_id_issuer UNIQUE (user_id, issuer),
    FOREIGN KEY (institution_id, user_id) REFERENCES users (institution_id, id)
);

-- Sessions that end at the provider too. The ID token is sealed with a key of the service, and empty if it is too long
-- for the address of the provider's sign-out.
CREATE TABLE provider_sessions (
    session_id TEXT NOT NULL PRIMARY KEY,
    institution_id TEXT NOT NULL,
    id_token TEXT NOT NULL,
    FOREIGN KEY (institution_id, session_id) REFERENCES sessions (institution_id, id) ON DELETE CASCADE
);
