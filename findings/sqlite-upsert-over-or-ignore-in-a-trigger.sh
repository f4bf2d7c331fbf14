#!/bin/sh
# SQLite 3.54: an upsert makes the INSERT OR IGNORE of a trigger abort, where the same change made by a
# plain UPDATE, and so by the same trigger, is ignored as written.
#
# Version: the SQLite inside apsw 3.54.1.0 (PyPI).
# Input:   a trigger after update that keeps the first state of an invoice by `insert or ignore`, and
#          two ways of changing the state: `update`, and `insert ... on conflict(id) do update`.
# Guess:   both leave the state that was kept first; DO UPDATE says what becomes of the invoice's row,
#          and nothing of other tables.
# Seen:    after `update`, 'open' is kept. The upsert fails with "UNIQUE constraint failed: audit.id"
#          and changes nothing. `insert or replace` overwrites what was kept. `where not exists (...)`
#          in the trigger works for each.
# Matters: an audit or "as it was first seen" table kept by triggers stops every upsert of a row that it
#          knows, and only those.
set -eu
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --target "$dir/packages" apsw==3.54.1.0
cat > "$dir/finding.py" <<'EOF'
import sys, apsw

KEEP = {
    "or ignore": "insert or ignore into audit values (new.id, old.state)",
    "not exists": "insert into audit select new.id, old.state"
                  " where not exists (select 1 from audit where id = new.id)",
}

def kept(how, change):
    database = apsw.Connection(":memory:")
    database.execute(f"""
        create table audit (id integer primary key, first text);
        create table invoice (id integer primary key, state text);
        create trigger keep after update on invoice begin {KEEP[how]}; end;
        insert into invoice values (1, 'open');
        update invoice set state = 'waiting';
    """)
    try:
        database.execute(change)
    except apsw.ConstraintError as error:
        return str(error)
    return database.execute("select state, first from invoice join audit using (id)").fetchall()

def expect(what, seen, want):
    print(what, "->", seen)
    if seen != want:
        sys.exit(f"changed: {what} is {seen!r}, was {want!r}")

print("SQLite", apsw.sqlite_lib_version())
update = "update invoice set state = 'paid' where id = 1"
upsert = "insert into invoice values (1, 'paid') on conflict (id) do update set state = excluded.state"
expect("update", kept("or ignore", update), [("paid", "open")])
expect("upsert", kept("or ignore", upsert), "UNIQUE constraint failed: audit.id")
expect("update or replace", kept("or ignore", "update or replace invoice set state = 'paid'"),
       [("paid", "waiting")])
expect("upsert, where not exists", kept("not exists", upsert), [("paid", "open")])
EOF
PYTHONPATH="$dir/packages" python3 -W ignore "$dir/finding.py"
echo "as described"
