-- Imaging studies and their series, named as DICOM names them. Rules as in m0001.

-- One examination. A case points at its study; both have one owner, so that a study belongs to one case.
CREATE TABLE studies (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    institution_id TEXT NOT NULL REFERENCES institutions (id),
    -- What a DICOM header said; null where nothing did.
    instance_uid TEXT CHECK (length(instance_uid) BETWEEN 1 AND 64),
    accession_number TEXT CHECK (length(accession_number) BETWEEN 1 AND 64),
    study_date TEXT CHECK (length(study_date) = 10),
    CONSTRAINT uq_studies_institution_id_id UNIQUE (institution_id, id),
    CONSTRAINT uq_studies_institution_id_instance_uid UNIQUE (institution_id, instance_uid)
);

-- A case of before gets a study with its own id.
INSERT INTO studies (id, institution_id, study_date) SELECT id, institution_id, scan_date FROM cases;
ALTER TABLE cases ADD COLUMN study_id TEXT REFERENCES studies (id);
UPDATE cases SET study_id = id;
ALTER TABLE cases DROP COLUMN scan_date;
CREATE UNIQUE INDEX uq_cases_study_id ON cases (study_id);

CREATE TABLE series (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    institution_id TEXT NOT NULL,
    study_id TEXT NOT NULL,
    role TEXT NOT NULL CONSTRAINT ck_series_role CHECK (role IN ('t1', 't1ce', 't2', 'flair', 'other', 'unknown')),
    source TEXT NOT NULL CONSTRAINT ck_series_source CHECK (source IN ('nifti', 'dicom')),
    instance_uid TEXT CHECK (length(instance_uid) BETWEEN 1 AND 64),
    frame_of_reference_uid TEXT CHECK (length(frame_of_reference_uid) BETWEEN 1 AND 64),
    -- Among the study's series of this role: 1 for the first, 2 for the one that replaced it and so on.
    position INTEGER NOT NULL CHECK (position >= 1),
    -- Its files and its name are gone from then on; results that were measured on it still know where it lay.
    replaced_at BIGINT,
    original_filename TEXT NOT NULL CHECK (length(original_filename) <= 255),
    -- nii, nii.gz; set when what names the patient has been removed from the file.
    file_format TEXT,
    -- Digest of the uncompressed file: the same image is known again however it was packed.
    content_digest TEXT NOT NULL CHECK (length(content_digest) = 64),
    size_x INTEGER NOT NULL CHECK (size_x > 0),
    size_y INTEGER NOT NULL CHECK (size_y > 0),
    size_z INTEGER NOT NULL CHECK (size_z > 0),
    -- Millimetres.
    spacing_x DOUBLE PRECISION NOT NULL CHECK (spacing_x > 0),
    spacing_y DOUBLE PRECISION NOT NULL CHECK (spacing_y > 0),
    spacing_z DOUBLE PRECISION NOT NULL CHECK (spacing_z > 0),
    -- JSON: 3 × 4, RAS mm, row-major; null for a series from before it was stored, until its file is read again.
    affine TEXT,
    uploaded_by TEXT NOT NULL,
    uploaded_at BIGINT NOT NULL,
    CONSTRAINT uq_series_institution_id_id UNIQUE (institution_id, id),
    CONSTRAINT uq_series_study_id_role_position UNIQUE (study_id, role, position),
    FOREIGN KEY (institution_id, study_id) REFERENCES studies (institution_id, id) ON DELETE CASCADE,
    FOREIGN KEY (institution_id, uploaded_by) REFERENCES users (institution_id, id)
);
CREATE UNIQUE INDEX uq_series_study_id_role ON series (study_id, role)
    WHERE replaced_at IS NULL AND role IN ('t1', 't1ce', 't2', 'flair');
CREATE UNIQUE INDEX uq_series_study_id_content_digest ON series (study_id, content_digest) WHERE replaced_at IS NULL;

-- The files of a series in order: one NIfTI file, or as many DICOM instances as there are.
CREATE TABLE series_blobs (
    institution_id TEXT NOT NULL,
    series_id TEXT NOT NULL,
    position INTEGER NOT NULL CHECK (position >= 1),
    blob_id TEXT NOT NULL,
    PRIMARY KEY (series_id, position),
    FOREIGN KEY (institution_id, series_id) REFERENCES series (institution_id, id) ON DELETE CASCADE,
    FOREIGN KEY (institution_id, blob_id) REFERENCES blobs (institution_id, id) ON DELETE CASCADE
);
CREATE INDEX ix_series_blobs_blob ON series_blobs (blob_id);

INSERT INTO series
    (id, institution_id, study_id, role, source, position, original_filename, file_format, content_digest, size_x, size_y, size_z,
    spacing_x, spacing_y, spacing_z, affine, uploaded_by, uploaded_at)
SELECT id, institution_id, case_id, modality, 'nifti', 1, original_filename, file_format, content_digest, size_x, size_y, size_z,
    spacing_x, spacing_y, spacing_z, affine, uploaded_by, uploaded_at
FROM images;
INSERT INTO series_blobs (institution_id, series_id, position, blob_id) SELECT institution_id, id, 1, blob_id FROM images;

-- On which series' grid a mask lies.
ALTER TABLE result_files ADD COLUMN series_id TEXT REFERENCES series (id) ON DELETE SET NULL;
-- A series that was there before the result is the one that was measured: one that replaced it came later.
UPDATE result_files SET series_id = (
    SELECT i.id FROM images i JOIN results r ON r.case_id = i.case_id
    WHERE r.id = result_files.result_id AND i.modality = result_files.sequence AND i.uploaded_at <= r.created_at
);
CREATE INDEX ix_result_files_series ON result_files (series_id);

DROP TABLE images;
