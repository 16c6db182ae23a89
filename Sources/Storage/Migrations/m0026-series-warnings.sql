-- Why a case's series cannot be segmented together, judged by their grids, kept with the case for lists. Rules as in m0001.

-- A sentence; empty if they can, null if it is computed when the case is read: of series that were there before, until the next change.
ALTER TABLE cases ADD COLUMN series_warning TEXT DEFAULT '';
UPDATE cases SET series_warning = NULL WHERE study_id IN (
    SELECT study_id FROM series WHERE replaced_at IS NULL GROUP BY study_id HAVING COUNT(*) > 1
);
