#!/bin/sh
# persiantools 6.2.0: half past midnight is read as half past noon.
#
# Version: persiantools 6.2.0 (PyPI).
# Input:   "1404/01/05 12:30 AM" with "%Y/%m/%d %I:%M %p".
# Guess:   00:30, as datetime.strptime reads it.
# Seen:    12:30 of the day; "12:30 PM" is refused (hour 24), "02:30 PM" is 14:30.
#          strftime writes "00:30 AM", which strptime refuses.
# Matters: bank statements and exports in 12-hour time: a payment of 00:30 counts
#          half a day late, after a deadline of noon, or beyond a cut-off.
set -eu
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --target "$dir/packages" persiantools==6.2.0
cat > "$dir/finding.py" <<'EOF'
import sys, datetime
from persiantools.jdatetime import JalaliDateTime

def expect(what, seen, want):
    print(what, "->", repr(seen))
    if seen != want:
        sys.exit(f"changed: {what} is {seen!r}, was {want!r}")

form = "%Y/%m/%d %I:%M %p"
def read(text):
    return str(JalaliDateTime.strptime(text, form).time())

expect("standard library", str(datetime.datetime.strptime("2025/03/25 12:30 AM", form).time()), "00:30:00")
expect("12:30 AM", read("1404/01/05 12:30 AM"), "12:30:00")
try:
    sys.exit("changed: 12:30 PM is read as " + read("1404/01/05 12:30 PM"))
except ValueError as error:
    print("12:30 PM is refused:", error)
expect("02:30 PM", read("1404/01/05 02:30 PM"), "14:30:00")
written = JalaliDateTime(1404, 1, 5, 0, 30).strftime(form)
expect("00:30 written", written, "1404/01/05 00:30 AM")
try:
    sys.exit("changed: its own text is read as " + read(written))
except ValueError as error:
    print("its own text is refused:", error)
EOF
PYTHONPATH="$dir/packages" python3 -W ignore "$dir/finding.py"
echo "as described"
