"""The same cases for every server: generated from a seed, inserted by SQL."""
import datetime
import random
import sqlite3
import urllib.parse
import uuid

import psycopg

START = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
WORDS = ("headache for three weeks, worse in the morning; one focal seizure of the left arm without loss of awareness; mild weakness "
         "of the left hand since then; no fever, no trauma; known hypertension, no earlier tumour; steroids begun on the day before "
         "the examination with good effect").split()
COLUMNS = ("id", "created_by", "patient_id", "age", "sex", "status", "scan_date", "field_strength", "scanner_type", "clinical_history",
           "indication", "diagnosis", "priority", "notes", "created_at", "updated_at", "completed_at")


def cases(count, author):
    """Rows in the order of COLUMNS, oldest first, a minute apart, with native types."""
    source = random.Random(5)

    def text(least, most):
        return " ".join(source.choices(WORDS, k=source.randint(least, most)))

    texts = [(text(25, 45), text(4, 8), text(3, 6), text(0, 12)) for _ in range(500)]
    for number in range(count):
        at = START + datetime.timedelta(minutes=number / 2, microseconds=number % 1000)
        history, indication, diagnosis, notes = texts[source.randrange(len(texts))]
        is_completed = source.random() < 0.4
        yield (uuid.UUID(int=source.getrandbits(128), version=4), author, f"P-{number:07}", source.randint(18, 90), source.choice("MF"),
               "completed" if is_completed else "uploaded", at.date(), source.choice(("1.5T", "3T")), "Scanner of a large maker",
               history, indication, diagnosis, source.choice(("normal", "normal", "urgent")), notes, at,
               at + datetime.timedelta(hours=2), at + datetime.timedelta(hours=2) if is_completed else None)


def microseconds(time):
    return None if time is None else (time - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)) // datetime.timedelta(microseconds=1)


def ours(rows, institution):
    """The rows in NeuroAI's schema."""
    for row in rows:
        searched = "\n".join((row[2], row[11], row[10], row[9], row[8], row[13])).lower()
        yield (str(row[0]), str(row[1]), *row[2:6], row[6].isoformat(), *row[7:14], *map(microseconds, row[14:]), institution, searched)


def django_sqlite(rows):
    """SQLite has neither UUIDs nor times; Django stores them in this format."""
    def time(value):
        return value and value.replace(tzinfo=None).isoformat(" ", "microseconds")

    for row in rows:
        yield (row[0].hex, row[1].hex, *row[2:6], row[6].isoformat(), *row[7:14], *map(time, row[14:]))


def connect(url):
    parts = urllib.parse.urlsplit(url)
    return sqlite3.connect(parts.path, timeout=60) if parts.scheme == "sqlite" else psycopg.connect(url)


def fill(url, table, columns, rows):
    """Inserts all rows in one transaction and runs PostgreSQL's VACUUM and ANALYZE instead of waiting for autovacuum."""
    names = ", ".join(columns)
    with connect(url) as connection:
        if isinstance(connection, sqlite3.Connection):
            connection.execute("PRAGMA foreign_keys = ON")
            connection.executemany(f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(columns))})", rows)
        else:
            with connection.cursor().copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
    if not url.startswith("sqlite:"):
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"VACUUM ANALYZE {table}")


def fill_ours(url, count, email):
    """`count` cases of the user registered with `email`."""
    with connect(url) as connection:
        mark = "?" if isinstance(connection, sqlite3.Connection) else "%s"
        author, institution = connection.execute(f"SELECT id, institution_id FROM users WHERE email = {mark}", (email,)).fetchone()
    fill(url, "cases", (*COLUMNS, "institution_id", "search_text"), ours(cases(count, author), institution))
    # The counts that the service maintains itself.
    with connect(url) as connection:
        connection.execute("INSERT INTO case_counts (institution_id, created_by, status, number) "
                           "SELECT institution_id, created_by, status, COUNT(*) FROM cases GROUP BY institution_id, created_by, status")


def fill_peers(url, count, author):
    """`count` cases of the user with the id `author` in Django's tables."""
    rows = cases(count, uuid.UUID(str(author)))
    columns = [f"{name}_id" if name == "created_by" else name for name in COLUMNS]
    fill(url, "cases_case", columns, django_sqlite(rows) if url.startswith("sqlite:") else rows)
