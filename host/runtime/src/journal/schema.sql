CREATE TABLE IF NOT EXISTS entries (
    run      TEXT    NOT NULL,
    sequence INTEGER NOT NULL,
    bytes    BLOB    NOT NULL,
    hash     BLOB    NOT NULL,
    PRIMARY KEY (run, sequence)
) STRICT, WITHOUT ROWID;

-- What the entries say of each run, for finding it; and how long its chain is, so that a missing
-- tail is noticed.
CREATE TABLE IF NOT EXISTS runs (
    run      TEXT    NOT NULL PRIMARY KEY,
    policy   TEXT    NOT NULL,
    version  TEXT    NOT NULL,
    account  TEXT    NOT NULL,
    platform TEXT,
    key      TEXT,
    kept     TEXT,
    component TEXT NOT NULL,
    started  INTEGER NOT NULL,
    ended    INTEGER,
    status   TEXT,
    length   INTEGER NOT NULL,
    head     BLOB    NOT NULL,
    archived INTEGER
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX IF NOT EXISTS runs_by_key ON runs (account, policy, key)
    WHERE key IS NOT NULL;

CREATE TABLE IF NOT EXISTS invoices (
    invoice INTEGER NOT NULL,
    run     TEXT    NOT NULL,
    PRIMARY KEY (invoice, run)
) STRICT, WITHOUT ROWID;

-- One-time tokens of intents without an outcome, sealed.
CREATE TABLE IF NOT EXISTS one_time_tokens (
    run    TEXT    NOT NULL,
    step   INTEGER NOT NULL,
    sealed BLOB    NOT NULL,
    PRIMARY KEY (run, step)
) STRICT, WITHOUT ROWID;

-- How this database knows that it is not an older copy of itself.
CREATE TABLE IF NOT EXISTS origin (
    file       TEXT    NOT NULL,
    generation INTEGER NOT NULL
) STRICT;
