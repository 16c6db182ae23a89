-- The audit trail can't be changed any more and is linked into one hash chain for each institution (docs/audit.md); jobs keep
-- the id of the request that asked for them. Rules as in m0001; lines below "-- SQLite only:" or "-- PostgreSQL only:" run
-- on that database alone, up to "-- Both:".

-- Filled once, by the sealer: the entry's place in its institution's chain.
ALTER TABLE audit_entries ADD COLUMN chain_sequence BIGINT CHECK (chain_sequence >= 1);
ALTER TABLE audit_entries ADD COLUMN previous_hash TEXT CHECK (length(previous_hash) = 64);
ALTER TABLE audit_entries ADD COLUMN entry_hash TEXT CHECK (length(entry_hash) = 64);
-- By this time whatever had happened before it was in the chain: a later entry with an earlier time is back-dated.
ALTER TABLE audit_entries ADD COLUMN sealed_until BIGINT;
CREATE UNIQUE INDEX uq_audit_entries_institution_id_chain_sequence
    ON audit_entries (institution_id, chain_sequence) WHERE chain_sequence IS NOT NULL;
-- What the sealer has still to do; empty most of the time.
CREATE INDEX ix_audit_entries_unsealed ON audit_entries (institution_id, occurred_at, id) WHERE chain_sequence IS NULL;
CREATE INDEX ix_audit_entries_actor ON audit_entries (institution_id, actor_id, occurred_at, id);

-- The end of each institution's chain; taking this row is how a sealer keeps the others away.
CREATE TABLE audit_chains (
    institution_id TEXT NOT NULL PRIMARY KEY REFERENCES institutions (id),
    sequence BIGINT NOT NULL CHECK (sequence >= 0),
    hash TEXT NOT NULL CHECK (length(hash) = 64),
    sealed_until BIGINT NOT NULL
);

-- Null for work that no request asked for.
ALTER TABLE jobs ADD COLUMN request_id TEXT CHECK (length(request_id) <= 64);

-- SQLite only:
CREATE TRIGGER tr_audit_entries_update BEFORE UPDATE ON audit_entries
WHEN OLD.chain_sequence IS NOT NULL OR NEW.chain_sequence IS NULL OR NEW.id IS NOT OLD.id
    OR NEW.institution_id IS NOT OLD.institution_id OR NEW.occurred_at IS NOT OLD.occurred_at
    OR NEW.actor_id IS NOT OLD.actor_id OR NEW.action IS NOT OLD.action OR NEW.object_type IS NOT OLD.object_type
    OR NEW.object_id IS NOT OLD.object_id OR NEW.outcome IS NOT OLD.outcome
    OR NEW.request_id IS NOT OLD.request_id OR NEW.address IS NOT OLD.address
BEGIN
    SELECT RAISE(ABORT, 'audit rows never change');
END;
CREATE TRIGGER tr_audit_entries_delete BEFORE DELETE ON audit_entries
BEGIN
    SELECT RAISE(ABORT, 'audit rows never go');
END;
-- INSERT OR REPLACE would delete a row without asking the trigger above.
CREATE TRIGGER tr_audit_entries_insert BEFORE INSERT ON audit_entries
WHEN NEW.chain_sequence IS NOT NULL OR EXISTS (SELECT 1 FROM audit_entries WHERE id = NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'audit rows are sealed by the sealer alone and never change');
END;
CREATE TRIGGER tr_audit_chains_update BEFORE UPDATE ON audit_chains
WHEN NEW.institution_id IS NOT OLD.institution_id OR NEW.sequence <= OLD.sequence
BEGIN
    SELECT RAISE(ABORT, 'an audit chain never gets shorter');
END;
CREATE TRIGGER tr_audit_chains_delete BEFORE DELETE ON audit_chains
BEGIN
    SELECT RAISE(ABORT, 'an audit chain never goes');
END;
CREATE TRIGGER tr_audit_chains_insert BEFORE INSERT ON audit_chains
WHEN EXISTS (SELECT 1 FROM audit_chains WHERE institution_id = NEW.institution_id)
BEGIN
    SELECT RAISE(IGNORE);
END;

-- PostgreSQL only:
CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit rows never change and never go' USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER tr_audit_entries_update BEFORE UPDATE ON audit_entries FOR EACH ROW
WHEN (OLD.chain_sequence IS NOT NULL OR NEW.chain_sequence IS NULL
    OR (NEW.id, NEW.institution_id, NEW.occurred_at, NEW.actor_id, NEW.action, NEW.object_type, NEW.object_id,
        NEW.outcome, NEW.request_id, NEW.address)
    IS DISTINCT FROM (OLD.id, OLD.institution_id, OLD.occurred_at, OLD.actor_id, OLD.action, OLD.object_type,
        OLD.object_id, OLD.outcome, OLD.request_id, OLD.address))
EXECUTE FUNCTION refuse_audit_change();
CREATE TRIGGER tr_audit_entries_delete BEFORE DELETE ON audit_entries FOR EACH ROW
EXECUTE FUNCTION refuse_audit_change();
CREATE TRIGGER tr_audit_entries_truncate BEFORE TRUNCATE ON audit_entries FOR EACH STATEMENT
EXECUTE FUNCTION refuse_audit_change();
CREATE TRIGGER tr_audit_entries_insert BEFORE INSERT ON audit_entries FOR EACH ROW
WHEN (NEW.chain_sequence IS NOT NULL) EXECUTE FUNCTION refuse_audit_change();
CREATE TRIGGER tr_audit_chains_update BEFORE UPDATE ON audit_chains FOR EACH ROW
WHEN (NEW.institution_id <> OLD.institution_id OR NEW.sequence <= OLD.sequence)
EXECUTE FUNCTION refuse_audit_change();
CREATE TRIGGER tr_audit_chains_delete BEFORE DELETE ON audit_chains FOR EACH ROW
EXECUTE FUNCTION refuse_audit_change();
CREATE TRIGGER tr_audit_chains_truncate BEFORE TRUNCATE ON audit_chains FOR EACH STATEMENT
EXECUTE FUNCTION refuse_audit_change();

-- Both:
