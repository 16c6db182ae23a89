-- What was examined, as DICOM's Study Description (0008,1030) has it. Rules as in m0001.
ALTER TABLE studies ADD COLUMN description TEXT CHECK (length(description) BETWEEN 1 AND 64);
