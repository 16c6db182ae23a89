-- Messages that carry jobs to workers through a broker. Rules as in m0001.

-- The ID of the client's message that asked for the job; null for jobs of this program, whose messages have the job's ID.
ALTER TABLE jobs ADD COLUMN message_id TEXT CHECK (length(message_id) BETWEEN 1 AND 255);
-- When a message for the present wait was sent; null until then. Without a broker it stays null.
ALTER TABLE jobs ADD COLUMN published_at BIGINT;
CREATE UNIQUE INDEX uq_jobs_message_id ON jobs (message_id);
CREATE INDEX ix_jobs_published ON jobs (status, published_at);
