-- Signed reports never change: corrections are addenda, and a change of status is made from a revision that its author has seen.
-- Each revision is printed once. Rules as in m0001; dialects as in m0007.

-- Corrections of signed reports. The report's revision rises with each.
CREATE TABLE report_addenda (
    report_id TEXT NOT NULL,
    institution_id TEXT NOT NULL,
    number INTEGER NOT NULL CHECK (number >= 1),
    written_by TEXT NOT NULL,
    written_at BIGINT NOT NULL,
    reason TEXT NOT NULL CHECK (length(reason) BETWEEN 1 AND 2000),
    text TEXT NOT NULL CHECK (length(text) BETWEEN 1 AND 50000),
    PRIMARY KEY (report_id, number),
    FOREIGN KEY (institution_id, report_id) REFERENCES reports (institution_id, id) ON DELETE CASCADE,
    FOREIGN KEY (institution_id, written_by) REFERENCES users (institution_id, id)
);

-- The newest revision of a report that somebody was shown or wrote: what a change of status without If-Match is made from.
CREATE TABLE report_views (
    report_id TEXT NOT NULL,
    institution_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    revision INTEGER NOT NULL CHECK (revision >= 0),
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (report_id, user_id),
    FOREIGN KEY (institution_id, report_id) REFERENCES reports (institution_id, id) ON DELETE CASCADE,
    FOREIGN KEY (institution_id, user_id) REFERENCES users (institution_id, id)
);

-- The printed revision; null for what was printed again before each revision had one print.
ALTER TABLE report_pdfs ADD COLUMN unique_revision INTEGER;
UPDATE report_pdfs SET unique_revision = revision
WHERE NOT EXISTS (
    SELECT 1 FROM report_pdfs o WHERE o.report_id = report_pdfs.report_id AND o.revision = report_pdfs.revision
        AND (o.created_at > report_pdfs.created_at OR (o.created_at = report_pdfs.created_at AND o.id > report_pdfs.id)));
CREATE UNIQUE INDEX uq_report_pdfs_report_id_unique_revision ON report_pdfs (report_id, unique_revision);

-- Whether the file becomes a series of a case that has a signed report.
ALTER TABLE case_uploads ADD COLUMN is_forced INTEGER NOT NULL DEFAULT 0 CHECK (is_forced IN (0, 1));

-- SQLite only:
CREATE TRIGGER tr_reports_update BEFORE UPDATE ON reports
WHEN OLD.status IN ('finalized', 'exported')
    AND (NEW.status NOT IN (OLD.status, 'exported') OR NEW.id IS NOT OLD.id
        OR NEW.institution_id IS NOT OLD.institution_id OR NEW.case_id IS NOT OLD.case_id
        OR NEW.result_id IS NOT OLD.result_id OR NEW.ai_generated_text IS NOT OLD.ai_generated_text
        OR COALESCE(NEW.finalized_text, NEW.ai_generated_text) IS NOT COALESCE(OLD.finalized_text, OLD.ai_generated_text)
        OR NEW.document_json IS NOT OLD.document_json OR NEW.generated_at IS NOT OLD.generated_at)
BEGIN
    SELECT RAISE(ABORT, 'a signed report never changes');
END;
CREATE TRIGGER tr_reports_delete BEFORE DELETE ON reports
WHEN OLD.status IN ('finalized', 'exported') AND EXISTS (SELECT 1 FROM cases WHERE id = OLD.case_id)
BEGIN
    SELECT RAISE(ABORT, 'a signed report stays as long as its case');
END;
-- INSERT OR REPLACE would delete a row without asking the triggers for that; so below.
CREATE TRIGGER tr_reports_insert BEFORE INSERT ON reports
WHEN EXISTS (
    SELECT 1 FROM reports WHERE (id = NEW.id OR job_id = NEW.job_id) AND status IN ('finalized', 'exported'))
BEGIN
    SELECT RAISE(ABORT, 'a signed report never changes');
END;
CREATE TRIGGER tr_report_edits_update BEFORE UPDATE ON report_edits
BEGIN
    SELECT RAISE(ABORT, 'the history of a report never changes');
END;
CREATE TRIGGER tr_report_edits_delete BEFORE DELETE ON report_edits
WHEN EXISTS (SELECT 1 FROM reports WHERE id = OLD.report_id)
BEGIN
    SELECT RAISE(ABORT, 'the history of a report stays as long as the report');
END;
CREATE TRIGGER tr_report_edits_insert BEFORE INSERT ON report_edits
WHEN EXISTS (SELECT 1 FROM report_edits WHERE report_id = NEW.report_id AND number = NEW.number)
BEGIN
    SELECT RAISE(ABORT, 'the history of a report never changes');
END;
CREATE TRIGGER tr_report_addenda_update BEFORE UPDATE ON report_addenda
BEGIN
    SELECT RAISE(ABORT, 'an addendum never changes');
END;
CREATE TRIGGER tr_report_addenda_delete BEFORE DELETE ON report_addenda
WHEN EXISTS (SELECT 1 FROM reports WHERE id = OLD.report_id)
BEGIN
    SELECT RAISE(ABORT, 'an addendum stays as long as its report');
END;
CREATE TRIGGER tr_report_addenda_insert BEFORE INSERT ON report_addenda
WHEN EXISTS (SELECT 1 FROM report_addenda WHERE report_id = NEW.report_id AND number = NEW.number)
    OR NOT EXISTS (SELECT 1 FROM reports WHERE id = NEW.report_id AND status IN ('finalized', 'exported'))
BEGIN
    SELECT RAISE(ABORT, 'addenda belong to signed reports and never change');
END;

-- PostgreSQL only:
CREATE FUNCTION refuse_report_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a signed report, its history and its addenda never change' USING ERRCODE = 'restrict_violation';
END
$$;
-- A cascade finds the row above already gone.
CREATE FUNCTION refuse_report_deletion() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM cases WHERE id = OLD.case_id) THEN
        RAISE EXCEPTION 'a signed report stays as long as its case' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN OLD;
END
$$;
CREATE FUNCTION refuse_report_history_deletion() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM reports WHERE id = OLD.report_id) THEN
        RAISE EXCEPTION 'the history of a report stays as long as the report' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN OLD;
END
$$;
CREATE FUNCTION refuse_addendum_of_draft() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM reports WHERE id = NEW.report_id AND status IN ('finalized', 'exported')) THEN
        RAISE EXCEPTION 'addenda belong to signed reports' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER tr_reports_update BEFORE UPDATE ON reports FOR EACH ROW
WHEN (OLD.status IN ('finalized', 'exported')
    AND (NEW.status NOT IN (OLD.status, 'exported')
        OR (NEW.id, NEW.institution_id, NEW.case_id, NEW.result_id, NEW.ai_generated_text,
            COALESCE(NEW.finalized_text, NEW.ai_generated_text), NEW.document_json, NEW.generated_at)
        IS DISTINCT FROM (OLD.id, OLD.institution_id, OLD.case_id, OLD.result_id, OLD.ai_generated_text,
            COALESCE(OLD.finalized_text, OLD.ai_generated_text), OLD.document_json, OLD.generated_at)))
EXECUTE FUNCTION refuse_report_change();
CREATE TRIGGER tr_reports_delete BEFORE DELETE ON reports FOR EACH ROW
WHEN (OLD.status IN ('finalized', 'exported')) EXECUTE FUNCTION refuse_report_deletion();
CREATE TRIGGER tr_reports_truncate BEFORE TRUNCATE ON reports FOR EACH STATEMENT
EXECUTE FUNCTION refuse_report_change();
CREATE TRIGGER tr_report_edits_update BEFORE UPDATE ON report_edits FOR EACH ROW
EXECUTE FUNCTION refuse_report_change();
CREATE TRIGGER tr_report_edits_delete BEFORE DELETE ON report_edits FOR EACH ROW
EXECUTE FUNCTION refuse_report_history_deletion();
CREATE TRIGGER tr_report_edits_truncate BEFORE TRUNCATE ON report_edits FOR EACH STATEMENT
EXECUTE FUNCTION refuse_report_change();
CREATE TRIGGER tr_report_addenda_insert BEFORE INSERT ON report_addenda FOR EACH ROW
EXECUTE FUNCTION refuse_addendum_of_draft();
CREATE TRIGGER tr_report_addenda_update BEFORE UPDATE ON report_addenda FOR EACH ROW
EXECUTE FUNCTION refuse_report_change();
CREATE TRIGGER tr_report_addenda_delete BEFORE DELETE ON report_addenda FOR EACH ROW
EXECUTE FUNCTION refuse_report_history_deletion();
CREATE TRIGGER tr_report_addenda_truncate BEFORE TRUNCATE ON report_addenda FOR EACH STATEMENT
EXECUTE FUNCTION refuse_report_change();

-- Both:
