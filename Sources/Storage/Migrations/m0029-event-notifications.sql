-- Each change in the log of events notifies the channel `events` (docs/decisions/0520), so that event streams need not poll. By triggers, as
-- the log itself. Rules as in m0001; dialects as in m0007.

-- SQLite only:
CREATE TRIGGER tr_events_notify AFTER INSERT ON events
BEGIN
    INSERT INTO notifications (channel, payload) VALUES ('events', '');
    -- As many stay as of other notifications.
    DELETE FROM notifications WHERE id <= (SELECT MAX(id) FROM notifications) - 10000;
END;

-- PostgreSQL only:
-- Equal notifications of a transaction are sent as one.
CREATE OR REPLACE FUNCTION log_event(institution TEXT, kind TEXT, object TEXT, subject TEXT) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO events (id, transaction_id, institution_id, kind, object_id, case_id, created_at)
    VALUES (nextval('events_id'), CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT), institution, kind, object, subject,
        CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT));
    PERFORM pg_notify('neuroai', 'events ');
END
$$;

-- Both:
