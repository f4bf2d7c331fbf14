#!/bin/sh
# SQLite 3.53: a STRICT table's INTEGER column stores a text of digits as another
# number.
#
# Version: the SQLite inside apsw 3.54.1.0 (PyPI).
# Input:   texts into `create table t (rials integer) strict`.
# Guess:   STRICT stores the number that the text names, or refuses it, as it
#          refuses '1250000.50'.
# Seen:    '9007199254740993.0' is stored as 9007199254740992,
#          '123456789012345678.0' as 123456789012345680, and
#          '4503599627370497.5' as 4503599627370498, without an error.  The
#          conversion goes by a double.  '9007199254740993' is exact.
# Matters: decimals as text (PostgreSQL numeric, JSON decimals, POD's "4500.0")
#          bound to such a column change above 2^52 where STRICT was chosen to
#          prevent just that: ids of 18 digits become another id.
set -eu
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --target "$dir/packages" apsw==3.54.1.0
cat > "$dir/finding.py" <<'EOF'
import sys, apsw

def expect(what, seen, want):
    print(what, "->", repr(seen))
    if seen != want:
        sys.exit(f"changed: {what} is {seen!r}, was {want!r}")

print("SQLite", apsw.sqlite_lib_version())
database = apsw.Connection(":memory:")
database.execute("create table t (rials integer) strict")
def stored(text):
    database.execute("delete from t")
    try:
        database.execute("insert into t values (?)", (text,))
    except apsw.ConstraintError:
        return "refused"
    return database.execute("select rials from t").fetchone()[0]

expect("9007199254740993", stored("9007199254740993"), 9007199254740993)
expect("9007199254740993.0", stored("9007199254740993.0"), 9007199254740992)
expect("123456789012345678.0", stored("123456789012345678.0"), 123456789012345680)
expect("4503599627370497.5", stored("4503599627370497.5"), 4503599627370498)
expect("1250000.50", stored("1250000.50"), "refused")
EOF
PYTHONPATH="$dir/packages" python3 -W ignore "$dir/finding.py"
echo "as described"
