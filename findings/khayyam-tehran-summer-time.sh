#!/bin/sh
# Khayyam 3.0.17: its TehranTimezone still goes to summer time every year.
#
# Version: Khayyam 3.0.17 (PyPI), against zoneinfo with tzdata 2026.6.
# Input:   noon of 1405/05/01 (23 July 2026) in Tehran.  Iran gave up summer time
#          in September 2022.
# Guess:   +03:30; the zone is the library's own and meant for this one city.
# Seen:    +04:30, in each summer after 2022 as before.
# Matters: "until 12:00 Tehran time" becomes 07:30 UTC instead of 08:30: a
#          deadline, or the cut-off of a settlement day, is an hour early for
#          half the year, and between 23:00 and 24:00 it is the wrong day.
set -eu
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --target "$dir/packages" khayyam==3.0.17 tzdata==2026.6
cat > "$dir/finding.py" <<'EOF'
import sys, datetime, zoneinfo, khayyam

def expect(what, seen, want):
    print(what, "->", repr(seen))
    if seen != want:
        sys.exit(f"changed: {what} is {seen!r}, was {want!r}")

def offset(year):
    return str(khayyam.JalaliDatetime(year, 5, 1, 12, tzinfo=khayyam.TehranTimezone()).utcoffset())

tehran = zoneinfo.ZoneInfo("Asia/Tehran")
expect("tzdata, 23 July 2026", str(datetime.datetime(2026, 7, 23, 12, tzinfo=tehran).utcoffset()), "3:30:00")
expect("Khayyam, 1401/05/01 (summer time was in force)", offset(1401), "4:30:00")
expect("Khayyam, 1402/05/01", offset(1402), "4:30:00")
expect("Khayyam, 1405/05/01", offset(1405), "4:30:00")
EOF
PYTHONPATH="$dir/packages" python3 -W ignore "$dir/finding.py"
echo "as described"
