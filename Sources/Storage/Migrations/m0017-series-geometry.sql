-- How a series lies in the patient (JSON: 3 × 4 affine, RAS mm, row-major) and how its file is stored (nii, nii.gz). Both are unknown of
-- series from before; `file_format` is set when what names the patient has been removed from the file.
ALTER TABLE images ADD COLUMN affine TEXT;
ALTER TABLE images ADD COLUMN file_format TEXT;
