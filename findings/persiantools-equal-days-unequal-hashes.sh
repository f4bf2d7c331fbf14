#!/bin/sh
# persiantools 6.2.0: a Jalali day equals the Gregorian day, with another hash.
#
# Version: persiantools 6.2.0 (PyPI), against jdatetime 6.1.1.
# Input:   JalaliDate(1403, 1, 1) and datetime.date(2024, 3, 20), one day.
# Guess:   not equal (different types), or equal with equal hashes, which is what
#          Python demands of equal objects and what jdatetime does.
# Seen:    `==` is True, the hashes differ: the day is in a list of days and not
#          in the set of the same days; a dict has it twice.
# Matters: "was this day's instalment paid?" asked of a set of days read from a
#          bank's file answers no where a list answers yes.  What is
#          de-duplicated by set or dict is paid twice.
set -eu
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --target "$dir/packages" persiantools==6.2.0 jdatetime==6.1.1
cat > "$dir/finding.py" <<'EOF'
import sys, datetime, jdatetime
from persiantools.jdatetime import JalaliDate

def expect(what, seen, want):
    print(what, "->", repr(seen))
    if seen != want:
        sys.exit(f"changed: {what} is {seen!r}, was {want!r}")

gregorian, jalali = datetime.date(2024, 3, 20), JalaliDate(1403, 1, 1)
expect("equal", jalali == gregorian, True)
expect("in the list", jalali in [gregorian], True)
expect("in the set", jalali in {gregorian}, False)
expect("days in the set of both", len({jalali, gregorian}), 2)
expect("days in jdatetime's set of both", len({jdatetime.date(1403, 1, 1), gregorian}), 1)
EOF
PYTHONPATH="$dir/packages" python3 -W ignore "$dir/finding.py"
echo "as described"
