-- Jobs have classes, so that workers can leave long jobs to others, and workers say which classes they serve.
-- Rules as in m0001: shared types, microseconds since 1970 UTC, booleans 0 or 1, unique constraints uq_<table>_<columns>.

-- From the shortest to the longest. The default is for the rows from before; every new row names its class.
ALTER TABLE jobs ADD COLUMN class TEXT NOT NULL DEFAULT 'imaging' CONSTRAINT ck_jobs_class
    CHECK (class IN ('interactive', 'imaging', 'training'));
UPDATE jobs SET class = 'interactive' WHERE kind IN ('write-report', 'score-mask');

-- A claim reads the first rows of one range, in their order.
DROP INDEX ix_jobs_due;
CREATE INDEX ix_jobs_due ON jobs (class, status, priority DESC, created_at, id);

-- Separated by commas. Workers from before serve what there was.
ALTER TABLE workers ADD COLUMN classes TEXT NOT NULL DEFAULT 'interactive,imaging'
    CHECK (length(classes) BETWEEN 1 AND 100);
