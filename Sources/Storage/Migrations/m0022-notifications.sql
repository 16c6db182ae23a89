-- Notifications of committed transactions, for the other processes that use the file. PostgreSQL has NOTIFY.
-- Rules as in m0001.

-- SQLite only:
-- The newest 10,000; the id is their order of commit.
CREATE TABLE notifications (
    id INTEGER NOT NULL PRIMARY KEY,
    channel TEXT NOT NULL,
    payload TEXT NOT NULL CHECK (length(payload) <= 200)
);
-- Both:
