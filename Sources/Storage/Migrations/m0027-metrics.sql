-- Totals that all processes add to and every server exports, and the trace of a job. Rules as in m0001.

-- A row for each bucket of a histogram and set of label values; a counter has one bucket.
CREATE TABLE metrics (
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    -- The label values, separated by commas.
    labels TEXT NOT NULL CHECK (length(labels) <= 200),
    -- The bucket's upper bound as in Prometheus, such as 0.5 and +Inf.
    bound TEXT NOT NULL CHECK (length(bound) BETWEEN 1 AND 20),
    observations BIGINT NOT NULL CHECK (observations >= 0),
    -- The sum of the bucket's observed values.
    total DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (name, labels, bound)
);

-- The span that created the job, as in the header `traceparent` (W3C Trace Context); null for work of no trace.
ALTER TABLE jobs ADD COLUMN traceparent TEXT CHECK (length(traceparent) = 55);

-- Unfinished jobs are counted at each scrape, finished ones never: their number grows without limit.
DROP INDEX ix_jobs_kind_status;
CREATE INDEX ix_jobs_status_kind ON jobs (status, kind, created_at);
