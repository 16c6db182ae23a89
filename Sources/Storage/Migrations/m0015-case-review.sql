-- What the newest result of a case says about its review, kept with the case for lists. Rules as in m0001; dialects as in m0007.

-- Sentences, one a line; empty where the result needs no review, null where there is none.
ALTER TABLE cases ADD COLUMN review_reasons TEXT;

-- Stored results: their reasons, and the regions whose predicted Dice lies below its line, at which earlier versions did not look.
-- SQLite only:
UPDATE cases SET review_reasons = (
    SELECT COALESCE((
        SELECT group_concat(line, char(10)) FROM (
            SELECT f.position AS place, f.term AS line FROM findings f WHERE f.result_id = r.id AND f.kind = 'review' AND f.term IS NOT NULL
            UNION ALL
            SELECT f.position, CASE f.region WHEN 'tumor_core' THEN 'Predicted Dice of tumour core below 0.80.'
                ELSE 'Predicted Dice of enhancing tumour below 0.70.' END
            FROM findings f WHERE f.result_id = r.id AND f.kind = 'expected_dice'
                AND (f.region = 'tumor_core' AND f.quantity < 0.8 OR f.region = 'enhancing_tumor' AND f.quantity < 0.7)
            ORDER BY 1
        ) AS part
    ), '')
    FROM results r WHERE r.case_id = cases.id ORDER BY r.created_at DESC, r.id DESC LIMIT 1
);

-- PostgreSQL only:
UPDATE cases SET review_reasons = (
    SELECT COALESCE((
        SELECT string_agg(line, chr(10) ORDER BY place) FROM (
            SELECT f.position AS place, f.term AS line FROM findings f WHERE f.result_id = r.id AND f.kind = 'review' AND f.term IS NOT NULL
            UNION ALL
            SELECT f.position, CASE f.region WHEN 'tumor_core' THEN 'Predicted Dice of tumour core below 0.80.'
                ELSE 'Predicted Dice of enhancing tumour below 0.70.' END
            FROM findings f WHERE f.result_id = r.id AND f.kind = 'expected_dice'
                AND (f.region = 'tumor_core' AND f.quantity < 0.8 OR f.region = 'enhancing_tumor' AND f.quantity < 0.7)
            ORDER BY 1
        ) AS part
    ), '')
    FROM results r WHERE r.case_id = cases.id ORDER BY r.created_at DESC, r.id DESC LIMIT 1
);

-- Both:
CREATE INDEX ix_cases_review ON cases (institution_id, created_at, id) WHERE deleted_at IS NULL AND review_reasons <> '';
