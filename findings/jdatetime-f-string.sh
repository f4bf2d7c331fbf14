#!/bin/sh
# jdatetime 6.1.1: a Jalali day inside an f-string is the empty text.
#
# Version: jdatetime 6.1.1 and pandas 3.1.1 (PyPI).
# Input:   d = jdatetime.date(1404, 1, 15); f"loan-{d}".
# Guess:   "loan-1404-01-15", as with datetime.date and as str(d) says.
# Seen:    "loan-".  format(d) and "{}".format(d) are empty as well, while str(d)
#          and "%s" % d are right; pandas' astype(str) makes a column of such
#          days a column of empty texts.
# Matters: unique ids and reference texts are written as f-strings.  "loan-" is
#          the same key for every instalment: the platform takes the second
#          payment for a repetition of the first, or merges by day meet in "".
set -eu
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --target "$dir/packages" jdatetime==6.1.1 pandas==3.1.1
cat > "$dir/finding.py" <<'EOF'
import sys, datetime, jdatetime, pandas

def expect(what, seen, want):
    print(what, "->", repr(seen))
    if seen != want:
        sys.exit(f"changed: {what} is {seen!r}, was {want!r}")

day = jdatetime.date(1404, 1, 15)
expect("standard library", f"loan-{datetime.date(2025, 4, 4)}", "loan-2025-04-04")
expect("str()", str(day), "1404-01-15")
expect("f-string", f"loan-{day}", "loan-")
expect("f-string, datetime", f"loan-{jdatetime.datetime(1404, 1, 15, 10)}", "loan-")
expect("str.format", "loan-{}".format(day), "loan-")
other = jdatetime.date(1404, 2, 15)
expect("pandas astype(str)", list(pandas.Series([day, other]).astype(str)), ["", ""])
EOF
PYTHONPATH="$dir/packages" python3 -W ignore "$dir/finding.py"
echo "as described"
