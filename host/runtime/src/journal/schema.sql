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
    archived INTEGER,
    dry_run  INTEGER NOT NULL DEFAULT 0,
    -- Did it end badly by its policy's own doing?
    policys_failure INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- What each run used or reserved on each day: for what all runs of a policy may use together.
CREATE TABLE IF NOT EXISTS usage (
    run        TEXT    NOT NULL,
    day        INTEGER NOT NULL,
    rials      INTEGER NOT NULL,
    calls      INTEGER NOT NULL,
    bytes_up   INTEGER NOT NULL,
    bytes_down INTEGER NOT NULL,
    http_calls INTEGER NOT NULL,
    sms        INTEGER NOT NULL,
    PRIMARY KEY (run, day)
) STRICT, WITHOUT ROWID;

-- What policies have stored, as their entries say. Of a platform without a name: until this process ends.
CREATE TABLE IF NOT EXISTS state (
    account  TEXT NOT NULL,
    platform TEXT NOT NULL,
    policy   TEXT NOT NULL,
    key      TEXT NOT NULL,
    value    TEXT NOT NULL,
    PRIMARY KEY (account, platform, policy, key)
) STRICT, WITHOUT ROWID;

-- When a person let a policy go on that had failed too often.
CREATE TABLE IF NOT EXISTS unpaused (
    account  TEXT    NOT NULL,
    platform TEXT,
    policy   TEXT    NOT NULL,
    at       INTEGER NOT NULL
) STRICT;

CREATE INDEX IF NOT EXISTS runs_by_policy ON runs (account, policy, run);

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
