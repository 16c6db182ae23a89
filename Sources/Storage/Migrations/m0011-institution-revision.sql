-- Institutions that are edited in lists, and indices for the orders of further lists of the administration. Rules as in m0001.

-- Rises with every change of name or quota; raising it first is how a transaction locks the row on both databases.
ALTER TABLE institutions ADD COLUMN revision BIGINT NOT NULL DEFAULT 1 CHECK (revision >= 1);

CREATE INDEX ix_case_shares_list ON case_shares (institution_id, created_at, case_id);
CREATE INDEX ix_blobs_list ON blobs (institution_id, created_at, id);
CREATE INDEX ix_case_uploads_list ON case_uploads (institution_id, created_at, id);
CREATE INDEX ix_report_pdfs_list ON report_pdfs (institution_id, created_at, id);
