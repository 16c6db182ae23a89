-- Findings live in their rows alone; documents of results no longer repeat them. Rules as in m0001; dialects as in m0007.

-- Rows that a result lacks are made of its document first, so that nothing is lost.
-- SQLite only:
INSERT INTO findings (result_id, institution_id, number, position, kind, region, lesion, quantity, unit, term)
SELECT r.id, r.institution_id, json_extract(f.value, '$.id'), f.key, json_extract(f.value, '$.kind'), json_extract(f.value, '$.region'),
    json_extract(f.value, '$.lesion'), json_extract(f.value, '$.quantity'), json_extract(f.value, '$.unit'), json_extract(f.value, '$.term')
FROM results r JOIN json_each(r.result_json, '$.structured_findings') f
WHERE NOT EXISTS (SELECT 1 FROM findings w WHERE w.result_id = r.id AND w.number = json_extract(f.value, '$.id'));

UPDATE results SET result_json = json_remove(result_json, '$.structured_findings')
WHERE json_type(result_json, '$.structured_findings') IS NOT NULL;

-- PostgreSQL only:
INSERT INTO findings (result_id, institution_id, number, position, kind, region, lesion, quantity, unit, term)
SELECT r.id, r.institution_id, f.value ->> 'id', f.place - 1, f.value ->> 'kind', f.value ->> 'region', (f.value ->> 'lesion')::integer,
    (f.value ->> 'quantity')::double precision, f.value ->> 'unit', f.value ->> 'term'
FROM results r
CROSS JOIN LATERAL json_array_elements(r.result_json::json -> 'structured_findings') WITH ORDINALITY AS f (value, place)
WHERE NOT EXISTS (SELECT 1 FROM findings w WHERE w.result_id = r.id AND w.number = f.value ->> 'id');

-- `json` keeps each value as it is written; `jsonb` would write numbers anew (-0.0 as 0.0).
UPDATE results r SET result_json = (
    SELECT '{' || COALESCE(string_agg(to_json(m.key)::text || ':' || m.value::text, ',' ORDER BY m.place), '') || '}'
    FROM json_each(r.result_json::json) WITH ORDINALITY AS m (key, value, place) WHERE m.key <> 'structured_findings'
) WHERE r.result_json::json -> 'structured_findings' IS NOT NULL;
