-- Indices for lists that find little: the audit trail's filters by action and outcome. Most entries are readings that went well, and
-- they stay out of both, so that a reading writes no more than before (docs/decisions/0424). Rules as in m0001.
CREATE INDEX ix_audit_entries_changes ON audit_entries (institution_id, action, occurred_at, id)
    WHERE action NOT LIKE '%.read' AND action NOT LIKE '%.list';
CREATE INDEX ix_audit_entries_outcome ON audit_entries (institution_id, outcome, occurred_at, id) WHERE outcome <> 'done';

-- A purged case takes its results along, and those what was said of them.
CREATE INDEX ix_result_feedback_result ON result_feedback (result_id);
CREATE INDEX ix_expert_masks_result ON expert_masks (result_id);
