-- Fills a migrated database, SQLite or PostgreSQL, with synthetic cases for measurements:
--   sqlite3 db.sqlite3 < scripts/seed_cases.sql        psql "$DATABASE_URL" -f scripts/seed_cases.sql
-- The number is in the first WITH; the author is the oldest user of the default institution (register one first).
-- The counts are recomputed at the end, since rows inserted by SQL bypass the store that maintains them.
BEGIN;
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1000000)
INSERT INTO cases (id, institution_id, created_by, patient_id, age, sex, status, scanner_type, diagnosis, search_text,
    created_at, updated_at)
SELECT '5eed0000-0000-4000-8000-' || CAST(100000000000 + n AS TEXT), u.institution_id, u.id,
    'SEED-' || CAST(n AS TEXT), 20 + n % 60, CASE n % 2 WHEN 0 THEN 'F' ELSE 'M' END,
    CASE n % 10 WHEN 0 THEN 'completed' WHEN 1 THEN 'uploaded' WHEN 2 THEN 'archived' ELSE 'created' END,
    'Scanner ' || CAST(n % 7 AS TEXT), 'suspected glioma',
    'seed-' || CAST(n AS TEXT) || ' suspected glioma scanner ' || CAST(n % 7 AS TEXT),
    1700000000000000 + n * CAST(1000000 AS BIGINT), 1700000000000000 + n * CAST(1000000 AS BIGINT)
FROM numbers CROSS JOIN (
    SELECT id, institution_id FROM users WHERE institution_id = '00000000-0000-4000-8000-000000000001'
    ORDER BY created_at, id LIMIT 1) u;
INSERT INTO studies (id, institution_id) SELECT id, institution_id FROM cases WHERE study_id IS NULL;
UPDATE cases SET study_id = id WHERE study_id IS NULL;
DELETE FROM case_counts;
INSERT INTO case_counts (institution_id, created_by, status, number)
    SELECT institution_id, created_by, status, COUNT(*) FROM cases WHERE deleted_at IS NULL
    GROUP BY institution_id, created_by, status;
COMMIT;
ANALYZE;
