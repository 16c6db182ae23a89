-- Results gain pictures. SQLite can't change a CHECK, so the table is made again; nothing refers to it.
CREATE TABLE result_files_copy AS SELECT * FROM result_files;
DROP TABLE result_files;
CREATE TABLE result_files (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    institution_id TEXT NOT NULL,
    result_id TEXT NOT NULL,
    blob_id TEXT NOT NULL,
    -- `t1ce/segmentation.nii.gz`
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    content TEXT NOT NULL CONSTRAINT ck_result_files_content
        CHECK (content IN ('labels', 'region', 'probabilities', 'manifest', 'picture')),
    region TEXT,
    sequence TEXT,
    CONSTRAINT uq_result_files_result_id_name UNIQUE (result_id, name),
    FOREIGN KEY (institution_id, result_id) REFERENCES results (institution_id, id) ON DELETE CASCADE,
    -- Deferred: a deleted case takes its blobs one step before its results' files.
    FOREIGN KEY (institution_id, blob_id) REFERENCES blobs (institution_id, id) DEFERRABLE INITIALLY DEFERRED
);
INSERT INTO result_files (id, institution_id, result_id, blob_id, name, content, region, sequence)
    SELECT id, institution_id, result_id, blob_id, name, content, region, sequence FROM result_files_copy;
DROP TABLE result_files_copy;
CREATE INDEX ix_result_files_blob ON result_files (blob_id);
