-- The log of changes that event streams deliver (docs/decisions/0520): IDs only, written by triggers in the transaction of the change, so that
-- no writer can omit them. Rows are deleted after a day; the newest one stays, so that IDs always rise. Rules as in m0001; dialects as in
-- m0007.

CREATE TABLE events (
    id BIGINT NOT NULL PRIMARY KEY,
    -- The writing transaction: on PostgreSQL, rows become visible in another order than they are numbered, and a reader only takes rows of
    -- transactions older than any that is still running. 0 on SQLite, where one writer follows the other.
    transaction_id BIGINT NOT NULL,
    institution_id TEXT NOT NULL REFERENCES institutions (id),
    kind TEXT NOT NULL CONSTRAINT ck_events_kind CHECK (kind IN ('case', 'task', 'report', 'session')),
    object_id TEXT NOT NULL CHECK (length(object_id) = 36),
    -- The case of the object; null for the end of a session.
    case_id TEXT CHECK (length(case_id) = 36),
    created_at BIGINT NOT NULL
);
CREATE INDEX ix_events_position ON events (transaction_id, id);

-- SQLite only:
CREATE TRIGGER tr_events_case_insert AFTER INSERT ON cases
BEGIN
    INSERT INTO events (id, transaction_id, institution_id, kind, object_id, case_id, created_at)
    SELECT (SELECT COALESCE(MAX(id), 0) + 1 FROM events), 0, NEW.institution_id, 'case', NEW.id, NEW.id,
        CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) * 1000;
END;
CREATE TRIGGER tr_events_case_update AFTER UPDATE ON cases
WHEN OLD.revision <> NEW.revision OR OLD.status <> NEW.status OR OLD.created_by <> NEW.created_by
    OR OLD.deleted_at IS NOT NEW.deleted_at OR OLD.review_reasons IS NOT NEW.review_reasons
BEGIN
    INSERT INTO events (id, transaction_id, institution_id, kind, object_id, case_id, created_at)
    SELECT (SELECT COALESCE(MAX(id), 0) + 1 FROM events), 0, NEW.institution_id, 'case', NEW.id, NEW.id,
        CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) * 1000;
END;
CREATE TRIGGER tr_events_share_insert AFTER INSERT ON case_shares
BEGIN
    INSERT INTO events (id, transaction_id, institution_id, kind, object_id, case_id, created_at)
    SELECT (SELECT COALESCE(MAX(id), 0) + 1 FROM events), 0, NEW.institution_id, 'case', NEW.case_id, NEW.case_id,
        CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) * 1000;
END;
CREATE TRIGGER tr_events_report_insert AFTER INSERT ON reports
BEGIN
    INSERT INTO events (id, transaction_id, institution_id, kind, object_id, case_id, created_at)
    SELECT (SELECT COALESCE(MAX(id), 0) + 1 FROM events), 0, NEW.institution_id, 'report', NEW.id, NEW.case_id,
        CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) * 1000;
END;
CREATE TRIGGER tr_events_report_update AFTER UPDATE ON reports
WHEN OLD.revision <> NEW.revision OR OLD.status <> NEW.status
BEGIN
    INSERT INTO events (id, transaction_id, institution_id, kind, object_id, case_id, created_at)
    SELECT (SELECT COALESCE(MAX(id), 0) + 1 FROM events), 0, NEW.institution_id, 'report', NEW.id, NEW.case_id,
        CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) * 1000;
END;
CREATE TRIGGER tr_events_report_delete AFTER DELETE ON reports
BEGIN
    INSERT INTO events (id, transaction_id, institution_id, kind, object_id, case_id, created_at)
    SELECT (SELECT COALESCE(MAX(id), 0) + 1 FROM events), 0, OLD.institution_id, 'report', OLD.id, OLD.case_id,
        CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) * 1000;
END;
CREATE TRIGGER tr_events_task_insert AFTER INSERT ON inference_tasks
BEGIN
    INSERT INTO events (id, transaction_id, institution_id, kind, object_id, case_id, created_at)
    SELECT (SELECT COALESCE(MAX(id), 0) + 1 FROM events), 0, NEW.institution_id, 'task', NEW.id, NEW.case_id,
        CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) * 1000;
END;
-- The progress of a running job is read from its row.
CREATE TRIGGER tr_events_job_update AFTER UPDATE ON jobs
WHEN OLD.status <> NEW.status OR OLD.cancel_requested <> NEW.cancel_requested
    OR (NEW.status = 'pending' AND OLD.current_step IS NOT NEW.current_step)
BEGIN
    INSERT INTO events (id, transaction_id, institution_id, kind, object_id, case_id, created_at)
    SELECT (SELECT COALESCE(MAX(id), 0) + 1 FROM events), 0, t.institution_id, 'task', t.id, t.case_id,
        CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) * 1000
    FROM inference_tasks t WHERE t.job_id = NEW.id;
END;
CREATE TRIGGER tr_events_session_end AFTER UPDATE ON sessions
WHEN OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL
BEGIN
    INSERT INTO events (id, transaction_id, institution_id, kind, object_id, case_id, created_at)
    SELECT (SELECT COALESCE(MAX(id), 0) + 1 FROM events), 0, NEW.institution_id, 'session', NEW.id, NULL,
        CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) * 1000;
END;

-- PostgreSQL only:
CREATE SEQUENCE events_id AS BIGINT;
-- Listeners of `events` are woken when the transaction commits.
CREATE FUNCTION log_event(institution TEXT, kind TEXT, object TEXT, subject TEXT) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO events (id, transaction_id, institution_id, kind, object_id, case_id, created_at)
    VALUES (nextval('events_id'), CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT), institution, kind, object, subject,
        CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT));
END
$$;
CREATE FUNCTION log_case_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM log_event(NEW.institution_id, 'case', NEW.id, NEW.id);
    RETURN NULL;
END
$$;
CREATE TRIGGER tr_events_case_insert AFTER INSERT ON cases FOR EACH ROW
EXECUTE FUNCTION log_case_insert();
CREATE FUNCTION log_case_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM log_event(NEW.institution_id, 'case', NEW.id, NEW.id);
    RETURN NULL;
END
$$;
CREATE TRIGGER tr_events_case_update AFTER UPDATE ON cases FOR EACH ROW
WHEN (OLD.revision <> NEW.revision OR OLD.status <> NEW.status OR OLD.created_by <> NEW.created_by
    OR OLD.deleted_at IS DISTINCT FROM NEW.deleted_at OR OLD.review_reasons IS DISTINCT FROM NEW.review_reasons)
EXECUTE FUNCTION log_case_update();
CREATE FUNCTION log_share_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM log_event(NEW.institution_id, 'case', NEW.case_id, NEW.case_id);
    RETURN NULL;
END
$$;
CREATE TRIGGER tr_events_share_insert AFTER INSERT ON case_shares FOR EACH ROW
EXECUTE FUNCTION log_share_insert();
CREATE FUNCTION log_report_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM log_event(NEW.institution_id, 'report', NEW.id, NEW.case_id);
    RETURN NULL;
END
$$;
CREATE TRIGGER tr_events_report_insert AFTER INSERT ON reports FOR EACH ROW
EXECUTE FUNCTION log_report_insert();
CREATE FUNCTION log_report_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM log_event(NEW.institution_id, 'report', NEW.id, NEW.case_id);
    RETURN NULL;
END
$$;
CREATE TRIGGER tr_events_report_update AFTER UPDATE ON reports FOR EACH ROW
WHEN (OLD.revision <> NEW.revision OR OLD.status <> NEW.status)
EXECUTE FUNCTION log_report_update();
CREATE FUNCTION log_report_delete() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM log_event(OLD.institution_id, 'report', OLD.id, OLD.case_id);
    RETURN NULL;
END
$$;
CREATE TRIGGER tr_events_report_delete AFTER DELETE ON reports FOR EACH ROW
EXECUTE FUNCTION log_report_delete();
CREATE FUNCTION log_task_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM log_event(NEW.institution_id, 'task', NEW.id, NEW.case_id);
    RETURN NULL;
END
$$;
CREATE TRIGGER tr_events_task_insert AFTER INSERT ON inference_tasks FOR EACH ROW
EXECUTE FUNCTION log_task_insert();
-- The progress of a running job is read from its row.
CREATE FUNCTION log_job_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM log_event(t.institution_id, 'task', t.id, t.case_id) FROM inference_tasks t WHERE t.job_id = NEW.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER tr_events_job_update AFTER UPDATE ON jobs FOR EACH ROW
WHEN (OLD.status <> NEW.status OR OLD.cancel_requested <> NEW.cancel_requested
    OR (NEW.status = 'pending' AND OLD.current_step IS DISTINCT FROM NEW.current_step))
EXECUTE FUNCTION log_job_update();
CREATE FUNCTION log_session_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM log_event(NEW.institution_id, 'session', NEW.id, NULL);
    RETURN NULL;
END
$$;
CREATE TRIGGER tr_events_session_end AFTER UPDATE ON sessions FOR EACH ROW
WHEN (OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL)
EXECUTE FUNCTION log_session_end();

-- Both:
