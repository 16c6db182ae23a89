-- Entries of the audit trail name the fields that a change gave another value (docs/audit.md). Rules as in m0001; dialects as in m0007.

-- JSON, see FieldChange: never data of a patient or a person, and no free text. Null where no field was changed.
ALTER TABLE audit_entries ADD COLUMN changes TEXT CHECK (length(changes) >= 2);

-- SQLite only:
DROP TRIGGER tr_audit_entries_update;
CREATE TRIGGER tr_audit_entries_update BEFORE UPDATE ON audit_entries
WHEN OLD.chain_sequence IS NOT NULL OR NEW.chain_sequence IS NULL OR NEW.id IS NOT OLD.id
    OR NEW.institution_id IS NOT OLD.institution_id OR NEW.occurred_at IS NOT OLD.occurred_at
    OR NEW.actor_id IS NOT OLD.actor_id OR NEW.action IS NOT OLD.action OR NEW.object_type IS NOT OLD.object_type
    OR NEW.object_id IS NOT OLD.object_id OR NEW.outcome IS NOT OLD.outcome
    OR NEW.request_id IS NOT OLD.request_id OR NEW.address IS NOT OLD.address OR NEW.changes IS NOT OLD.changes
BEGIN
    SELECT RAISE(ABORT, 'audit rows never change');
END;

-- PostgreSQL only:
DROP TRIGGER tr_audit_entries_update ON audit_entries;
CREATE TRIGGER tr_audit_entries_update BEFORE UPDATE ON audit_entries FOR EACH ROW
WHEN (OLD.chain_sequence IS NOT NULL OR NEW.chain_sequence IS NULL
    OR (NEW.id, NEW.institution_id, NEW.occurred_at, NEW.actor_id, NEW.action, NEW.object_type, NEW.object_id,
        NEW.outcome, NEW.request_id, NEW.address, NEW.changes)
    IS DISTINCT FROM (OLD.id, OLD.institution_id, OLD.occurred_at, OLD.actor_id, OLD.action, OLD.object_type,
        OLD.object_id, OLD.outcome, OLD.request_id, OLD.address, OLD.changes))
EXECUTE FUNCTION refuse_audit_change();

-- Both:
