-- The local platform's data. Money is whole rials, instants are milliseconds since 1970.
-- 0x504F4453 is "PODS": it tells our files from other people's databases.
PRAGMA application_id = 0x504F4453;
PRAGMA user_version = 1;

CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Calls are numbered in blocks: `next` is the first number that nobody has reserved.
CREATE TABLE call_numbers (
    next INTEGER NOT NULL
) STRICT;
INSERT INTO call_numbers (next) VALUES (1);

-- Only used one-time tokens are kept: a fresh one proves itself.
CREATE TABLE used_otts (
    number INTEGER PRIMARY KEY
) STRICT;

CREATE TABLE users (
    id    INTEGER PRIMARY KEY,
    name  TEXT NOT NULL,
    token TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE businesses (
    id      INTEGER PRIMARY KEY,
    user_id INTEGER NOT NULL UNIQUE,
    name    TEXT NOT NULL,
    token   TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE invoices (
    id                   INTEGER PRIMARY KEY,
    business_id          INTEGER NOT NULL REFERENCES businesses (id),
    user_id              INTEGER,
    guild_code           TEXT NOT NULL,
    amount               INTEGER NOT NULL CHECK (amount BETWEEN 0 AND 9007199254740991),
    vat                  INTEGER NOT NULL CHECK (vat BETWEEN 0 AND 9007199254740991),
    bill_number          TEXT,
    unique_number        TEXT NOT NULL UNIQUE,
    description          TEXT,
    cellphone_number     TEXT,
    metadata             TEXT,
    lines                TEXT NOT NULL,                -- JSON, as an invoice shows them
    issued_at            INTEGER NOT NULL,
    issued_on            TEXT NOT NULL,                -- the same, as a Jalali date
    paid_at              INTEGER,
    payed                INTEGER NOT NULL DEFAULT 0,
    unverified           INTEGER NOT NULL DEFAULT 0,   -- the money is here, not payed until verified
    canceled             INTEGER NOT NULL DEFAULT 0,
    closed               INTEGER NOT NULL DEFAULT 0,
    waiting              INTEGER NOT NULL DEFAULT 0,
    verification_needed  INTEGER NOT NULL DEFAULT 0,
    safe                 INTEGER NOT NULL DEFAULT 0,
    post_voucher_enabled INTEGER NOT NULL DEFAULT 0,
    close_time_out       INTEGER,
    will_be_paid         INTEGER NOT NULL DEFAULT 0,
    will_be_blocked      INTEGER NOT NULL DEFAULT 0,
    wallet               TEXT,
    payment_tool         TEXT,
    payment_reference    TEXT,
    delegated            INTEGER NOT NULL DEFAULT 0,
    UNIQUE (business_id, bill_number)
) STRICT;
CREATE INDEX invoices_issued ON invoices (business_id);
CREATE INDEX invoices_received ON invoices (user_id);

CREATE TABLE delegations (
    hash         TEXT PRIMARY KEY,
    delegator_id INTEGER NOT NULL,
    delegate_id  INTEGER NOT NULL,
    position     INTEGER NOT NULL,   -- its place in the scenario: the order of use
    guild_code   TEXT,
    expires_at   INTEGER
) STRICT;
CREATE INDEX delegations_to ON delegations (delegate_id, delegator_id);

-- The ledger. A transaction is written once and never changed; balances follow from postings.
CREATE TABLE accounts (
    name    TEXT PRIMARY KEY,
    balance INTEGER NOT NULL CHECK (balance >= 0 OR name = 'outside')
) STRICT, WITHOUT ROWID;

CREATE TABLE transactions (
    id        INTEGER PRIMARY KEY,
    at        INTEGER NOT NULL,
    service   TEXT NOT NULL,
    reference INTEGER NOT NULL
) STRICT;

CREATE TABLE postings (
    transaction_id INTEGER NOT NULL REFERENCES transactions (id),
    account        TEXT NOT NULL,
    amount         INTEGER NOT NULL CHECK (amount <> 0),
    PRIMARY KEY (transaction_id, account)
) STRICT, WITHOUT ROWID;

-- Two statements, because an upsert would check the posting itself for being negative.
CREATE TRIGGER postings_move_balances AFTER INSERT ON postings BEGIN
    INSERT OR IGNORE INTO accounts (name, balance) VALUES (NEW.account, 0);
    UPDATE accounts SET balance = balance + NEW.amount WHERE name = NEW.account;
END;

CREATE TRIGGER postings_stay BEFORE UPDATE ON postings BEGIN
    SELECT RAISE(ABORT, 'a posting is never changed');
END;

CREATE TRIGGER postings_remain BEFORE DELETE ON postings BEGIN
    SELECT RAISE(ABORT, 'a posting is never deleted');
END;

-- Empty, or the ledger is broken.
CREATE VIEW ledger_faults (fault) AS
    SELECT 'transaction ' || transaction_id || ' sums to ' || SUM(amount)
    FROM postings GROUP BY transaction_id HAVING SUM(amount) <> 0
    UNION ALL
    SELECT 'account ' || name || ' shows ' || balance || ', its postings sum to ' || posted
    FROM (
        SELECT name, balance,
               COALESCE((SELECT SUM(amount) FROM postings WHERE account = name), 0) AS posted
        FROM accounts
    )
    WHERE balance <> posted;
