-- The emulator's data. Money is whole rials, instants are milliseconds since 1970.
-- 0x504F4453 is "PODS": it tells our files from other people's databases.
PRAGMA application_id = 0x504F4453;
PRAGMA user_version = 6;

CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Calls are numbered in blocks: `next` is the first number that nobody has reserved.
CREATE TABLE call_numbers (
    next INTEGER NOT NULL
) STRICT;
INSERT INTO call_numbers (next) VALUES (1);

-- Calls that go wrong, in the order in which they are tried.
CREATE TABLE faults (
    id    INTEGER PRIMARY KEY,
    fault TEXT NOT NULL,                               -- JSON, as a scenario has it
    since INTEGER NOT NULL,                            -- the calls that were counted before it came
    hits  INTEGER NOT NULL DEFAULT 0
) STRICT;

-- The calls that faults count: a service's, or (`*`) those of several.
CREATE TABLE fault_calls (
    counter TEXT PRIMARY KEY,
    calls   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Only used one-time tokens are kept: a fresh one proves itself.
CREATE TABLE used_otts (
    number INTEGER PRIMARY KEY
) STRICT;

CREATE TABLE users (
    id               INTEGER PRIMARY KEY,
    name             TEXT NOT NULL,
    token            TEXT UNIQUE,               -- null: somebody whom the real platform has shown
    cellphone_number TEXT,
    national_code    TEXT,
    username         TEXT,
    profile_image    TEXT
) STRICT;

CREATE TABLE businesses (
    id               INTEGER PRIMARY KEY,
    user_id          INTEGER NOT NULL,
    name             TEXT NOT NULL,
    token            TEXT UNIQUE,               -- nobody calls as the platform's own business
    cellphone_number TEXT,
    num_of_products  INTEGER NOT NULL,
    rate             REAL NOT NULL,
    rate_count       INTEGER NOT NULL,
    sheba            TEXT NOT NULL,
    profile_image    TEXT
) STRICT;

-- The guilds of which more is known than their codes.
CREATE TABLE guilds (
    code TEXT PRIMARY KEY,
    id   INTEGER NOT NULL UNIQUE,
    name TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE products (
    id          INTEGER PRIMARY KEY,
    business_id INTEGER NOT NULL REFERENCES businesses (id),
    name        TEXT NOT NULL,
    price       INTEGER NOT NULL CHECK (price > 0),
    guild_code  TEXT                            -- null: that of the invoice that it stands in
) STRICT;

CREATE TABLE invoices (
    id                   INTEGER PRIMARY KEY,
    business_id          INTEGER NOT NULL REFERENCES businesses (id),
    user_id              INTEGER,
    guild_code           TEXT NOT NULL,
    amount               INTEGER NOT NULL CHECK (amount BETWEEN 0 AND 9007199254740991),
    discount             INTEGER NOT NULL DEFAULT 0 CHECK (discount >= 0),
    vat                  INTEGER NOT NULL CHECK (vat BETWEEN 0 AND 9007199254740991),
    vat_exact            TEXT,                         -- with its fraction, if it has one
    tax_rate             REAL NOT NULL DEFAULT 0,
    bill_number          TEXT,
    payment_bill_number  TEXT,
    unique_number        TEXT NOT NULL UNIQUE,
    description          TEXT,
    cellphone_number     TEXT,
    metadata             TEXT,
    redirect_url         TEXT,
    lines                TEXT NOT NULL,                -- JSON, as an invoice shows them
    issued_at            INTEGER NOT NULL,
    issued_on            TEXT NOT NULL,                -- the same, as a Jalali date
    deadline             TEXT,                         -- the last Jalali day on which it can be paid
    paid_at              INTEGER,
    payed                INTEGER NOT NULL DEFAULT 0,
    unverified           INTEGER NOT NULL DEFAULT 0,   -- the money is here, not payed until verified
    verified_at          INTEGER,
    verification_needed  INTEGER NOT NULL DEFAULT 0,
    verify_after_timeout INTEGER NOT NULL DEFAULT 0,
    canceled             INTEGER NOT NULL DEFAULT 0,
    canceled_at          INTEGER,
    closed               INTEGER NOT NULL DEFAULT 0,
    close_time_out       INTEGER,
    waiting              INTEGER NOT NULL DEFAULT 0,
    edited               INTEGER NOT NULL DEFAULT 0,
    safe                 INTEGER NOT NULL DEFAULT 0,
    post_voucher_enabled INTEGER NOT NULL DEFAULT 0,
    will_be_paid         INTEGER NOT NULL DEFAULT 0,
    will_be_blocked      INTEGER NOT NULL DEFAULT 0,
    will_blocked_for     INTEGER,                      -- of a creditor invoice: the debt
    will_be_paid_at      INTEGER,                      -- the money for it is blocked until then
    settles_at           INTEGER,                      -- its money came out of another one: when Shaparak settles it
    settles_to           TEXT,                         -- the account to which that money goes then
    wallet               TEXT,
    payment_tool         TEXT,
    payment_reference    TEXT,
    payer_id             INTEGER,
    delegated            INTEGER NOT NULL DEFAULT 0,
    card_receipt         TEXT,                         -- JSON: what bank or terminal said
    upstream             TEXT                          -- JSON: as the real platform shows it, in a fork
) STRICT;
CREATE INDEX invoices_numbered ON invoices (business_id, bill_number);
CREATE INDEX invoices_issued ON invoices (business_id);
CREATE INDEX invoices_received ON invoices (user_id);

-- Where an invoice's money came from, in the order of use: what has not gone back.
CREATE TABLE payment_sources (
    invoice_id INTEGER NOT NULL REFERENCES invoices (id),
    position   INTEGER NOT NULL,
    account    TEXT NOT NULL,
    rials      INTEGER NOT NULL CHECK (rials > 0),
    PRIMARY KEY (invoice_id, position)
) STRICT, WITHOUT ROWID;

-- What happens by itself when its time has come.
CREATE TABLE due (
    at      INTEGER NOT NULL,
    event   TEXT NOT NULL,
    subject INTEGER NOT NULL,
    PRIMARY KEY (at, event, subject)
) STRICT, WITHOUT ROWID;

-- What a scenario says of a utility bill. Any other can be paid just as well.
CREATE TABLE bills (
    bill_id         TEXT NOT NULL,
    payment_id      TEXT NOT NULL,
    company         TEXT,
    send_file_fails INTEGER NOT NULL,
    PRIMARY KEY (bill_id, payment_id)
) STRICT, WITHOUT ROWID;

-- The payments of utility bills.
CREATE TABLE service_bills (
    id           INTEGER PRIMARY KEY,
    bill_id      TEXT NOT NULL,
    payment_id   TEXT NOT NULL,
    status       TEXT NOT NULL,                        -- in POD's spelling
    invoice_id   INTEGER NOT NULL UNIQUE REFERENCES invoices (id),
    user_id      INTEGER NOT NULL,                     -- who asked for the invoice, then who paid it
    requested_at INTEGER NOT NULL,
    reference    INTEGER,                              -- the call that paid
    canceled_at  INTEGER,
    upstream     TEXT                                  -- JSON: as the real platform shows it, in a fork
) STRICT;
CREATE INDEX service_bills_of ON service_bills (user_id);
-- Nothing is paid twice, unless the first payment was cancelled.
CREATE UNIQUE INDEX service_bills_valid ON service_bills (bill_id, payment_id)
    WHERE status <> 'SERVICE_BILL_CANCELED';

-- The SMS that POD would send.
CREATE TABLE sms (
    id               INTEGER PRIMARY KEY,
    at               INTEGER NOT NULL,
    service          TEXT NOT NULL,                    -- what it was sent for
    cellphone_number TEXT NOT NULL,
    text             TEXT NOT NULL
) STRICT;

-- The codes in those SMS: how their owner pays by them.
CREATE TABLE payment_codes (
    code             TEXT NOT NULL,
    invoice_id       INTEGER NOT NULL REFERENCES invoices (id),
    user_id          INTEGER NOT NULL,
    wallet           TEXT NOT NULL,
    delegators       TEXT NOT NULL,                    -- JSON
    hashes           TEXT NOT NULL,                    -- JSON
    force_delegation INTEGER NOT NULL,
    expires_at       INTEGER NOT NULL,
    PRIMARY KEY (invoice_id, code)
) STRICT, WITHOUT ROWID;

CREATE TABLE payment_links (
    hash         TEXT PRIMARY KEY,
    invoice_id   INTEGER NOT NULL REFERENCES invoices (id),
    redirect_uri TEXT,
    callback_uri TEXT,
    gateway      TEXT,
    expires_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Payers at the bank's gateway; an invoice waits while one of its visits is open.
CREATE TABLE bank_visits (
    id           INTEGER PRIMARY KEY,
    token        TEXT NOT NULL UNIQUE,                 -- in the address of the bank's page
    invoice_id   INTEGER NOT NULL REFERENCES invoices (id),
    payer_id     INTEGER,
    redirect_uri TEXT,
    call_uri     TEXT,
    open         INTEGER NOT NULL DEFAULT 1
) STRICT;

-- Businesses' servers that were called after a payment (`callUri`).
CREATE TABLE callbacks (
    id         INTEGER PRIMARY KEY,
    at         INTEGER NOT NULL,
    invoice_id INTEGER NOT NULL REFERENCES invoices (id),
    url        TEXT NOT NULL,
    status     INTEGER,                                -- of HTTP; neither this nor an error: not yet
    error      TEXT
) STRICT;

-- What was paid at terminals: a bank would be asked.
CREATE TABLE pos_transactions (
    invoice_id       INTEGER NOT NULL,
    terminal_number  TEXT NOT NULL,
    merchant_code    TEXT NOT NULL,
    reference_number TEXT NOT NULL,
    tracking_number  TEXT NOT NULL,
    transaction_date TEXT NOT NULL,
    amount           INTEGER NOT NULL CHECK (amount > 0),
    PRIMARY KEY (terminal_number, reference_number)
) STRICT, WITHOUT ROWID;

CREATE TABLE files (
    id        INTEGER PRIMARY KEY,
    name      TEXT NOT NULL,
    hash_code TEXT NOT NULL,               -- whoever has it can read the file
    content   BLOB NOT NULL
) STRICT;

CREATE TABLE delegations (
    hash         TEXT PRIMARY KEY,
    delegator_id INTEGER NOT NULL,
    delegate_id  INTEGER NOT NULL,
    position     INTEGER NOT NULL,   -- its place in the scenario: the order of use
    guild_code   TEXT,
    expires_at   INTEGER
) STRICT;
CREATE INDEX delegations_to ON delegations (delegate_id, delegator_id);

-- Loans. A contract's grantor lends out of its account `loan-supply:<contract id>`.
CREATE TABLE loan_contracts (
    id                         INTEGER PRIMARY KEY,
    business_id                INTEGER NOT NULL REFERENCES businesses (id),   -- the grantor
    name                       TEXT,
    ceiling                    INTEGER NOT NULL CHECK (ceiling >= 0),
    commission_rate            REAL NOT NULL,
    guarantor                  TEXT NOT NULL,
    end_date                   TEXT,                   -- its last Jalali day
    max_breathing_period_count INTEGER NOT NULL,
    clear_installment_tool     TEXT NOT NULL,          -- the wallet that instalments are paid from
    guild_code                 TEXT NOT NULL,          -- the grantor's trade
    permitted_businesses       TEXT,                   -- JSON: whose invoices it pays; null: all
    created_at                 INTEGER NOT NULL,
    upstream                   TEXT                    -- JSON: as the real platform shows it, in a fork
) STRICT;

CREATE TABLE loan_members (
    contract_id INTEGER NOT NULL REFERENCES loan_contracts (id),
    user_id     INTEGER NOT NULL,
    credit      INTEGER NOT NULL CHECK (credit BETWEEN 0 AND 9007199254740991),
    PRIMARY KEY (contract_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE loan_plans (
    id            INTEGER PRIMARY KEY,
    contract_id   INTEGER NOT NULL REFERENCES loan_contracts (id),
    name          TEXT NOT NULL,
    installments  INTEGER NOT NULL CHECK (installments >= 0),   -- 0: nobody tells, in a fork
    interest_rate REAL NOT NULL,                       -- percent, flat
    active        INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    upstream      TEXT                                 -- JSON: as the real platform shows it, in a fork
) STRICT;

CREATE TABLE loans (
    id                     INTEGER PRIMARY KEY,
    contract_id            INTEGER NOT NULL REFERENCES loan_contracts (id),
    plan_id                INTEGER REFERENCES loan_plans (id),   -- null: the customer is asked
    user_id                INTEGER NOT NULL,
    subject_invoice_id     INTEGER NOT NULL REFERENCES invoices (id),
    pre_paid_invoice_id    INTEGER REFERENCES invoices (id),
    pre_settlement_invoice_id INTEGER REFERENCES invoices (id),   -- pays what is left before its time
    principal              INTEGER NOT NULL CHECK (principal > 0),
    primary_amount         INTEGER NOT NULL CHECK (primary_amount >= 0),
    total_amount           INTEGER NOT NULL,
    status                 TEXT NOT NULL,
    active                 INTEGER NOT NULL DEFAULT 0,
    plan_changed           INTEGER NOT NULL DEFAULT 0,
    created_offline        INTEGER NOT NULL DEFAULT 0,
    breathing_period_count INTEGER,
    assurance_number       TEXT,
    created_at             INTEGER NOT NULL,
    settled_at             INTEGER,
    canceled_at            INTEGER,
    upstream               TEXT                        -- JSON: as the real platform shows it, in a fork
) STRICT;
CREATE INDEX loans_paid_ahead ON loans (pre_paid_invoice_id);
CREATE INDEX loans_settled_by ON loans (pre_settlement_invoice_id);
CREATE INDEX loans_taken ON loans (user_id);
-- An invoice is paid by one loan; another one may follow a cancelled one.
CREATE INDEX loans_of_subject ON loans (subject_invoice_id);
CREATE UNIQUE INDEX loan_alive ON loans (subject_invoice_id) WHERE status <> 'LOAN_STATUS_CANCELED';

CREATE TABLE installments (
    id         INTEGER PRIMARY KEY,
    loan_id    INTEGER NOT NULL REFERENCES loans (id),
    number     INTEGER NOT NULL,                       -- its place in the loan, from 1
    amount     INTEGER NOT NULL CHECK (amount > 0),
    due_at     INTEGER NOT NULL,
    status     TEXT NOT NULL,
    invoice_id INTEGER REFERENCES invoices (id)        -- from the day that it is due
) STRICT;
CREATE INDEX installments_of ON installments (loan_id);
CREATE INDEX installments_paid_by ON installments (invoice_id);

-- The ledger. A transaction is written once and never changed; balances follow from postings.
CREATE TABLE accounts (
    name    TEXT PRIMARY KEY,
    balance INTEGER NOT NULL CHECK (balance >= 0 OR name IN ('outside', 'assumed'))
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

-- What each call changed. Written once and never changed.
CREATE TABLE deeds (
    id          INTEGER PRIMARY KEY,
    reference   INTEGER NOT NULL,                      -- the call's number
    at          INTEGER NOT NULL,
    service     TEXT NOT NULL,
    user_id     INTEGER NOT NULL,
    business_id INTEGER,
    objects     TEXT NOT NULL,                         -- JSON: what the call named, by POD's fields
    answered    INTEGER,                               -- the id in its answer
    rials       INTEGER NOT NULL CHECK (rials >= 0)    -- what it moved in the ledger
) STRICT;

CREATE TRIGGER deeds_stay BEFORE UPDATE ON deeds BEGIN
    SELECT RAISE(ABORT, 'a deed is never changed');
END;

CREATE TRIGGER deeds_remain BEFORE DELETE ON deeds BEGIN
    SELECT RAISE(ABORT, 'a deed is never deleted');
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
