#!/bin/sh
# Khayyam 3.0.17: every day of the Jalali year 1404 is one too late, and the last
# day of 1403 does not exist.
#
# Version: Khayyam 3.0.17 (PyPI), against jdatetime 6.1.1.
# Input:   20 March 2025, by Iran's calendar 1403/12/30 (1403 is a leap year), and
#          all 365 days of 1404.
# Guess:   1403-12-30, as every other library says.
# Seen:    1404-01-01; strptime("1403/12/30") is refused; all of 1404 is off by
#          one day, weekdays included.  1402 and 1405 agree with jdatetime.
# Matters: instalments, due days and month ends computed by a shop's Python with
#          Khayyam fall on the wrong day for a whole year, and 1404/12/29 is
#          taken for the day before.  A debt looks overdue a day early.
set -eu
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --target "$dir/packages" khayyam==3.0.17 jdatetime==6.1.1
cat > "$dir/finding.py" <<'EOF'
import sys, datetime, jdatetime, khayyam

def expect(what, seen, want):
    print(what, "->", repr(seen))
    if seen != want:
        sys.exit(f"changed: {what} is {seen!r}, was {want!r}")

def both(day):
    k, j = khayyam.JalaliDate(day), jdatetime.date.fromgregorian(date=day)
    return (k.year, k.month, k.day), (j.year, j.month, j.day)

def wrong_days(year):
    first, last = jdatetime.date(year, 1, 1), jdatetime.date(year + 1, 1, 1)
    days = [(first + datetime.timedelta(days=n)).togregorian() for n in range((last - first).days)]
    return len(days), sum(k != j for k, j in map(both, days))

expect("20 March 2025", both(datetime.date(2025, 3, 20)), ((1404, 1, 1), (1403, 12, 30)))
expect("(days, wrong days) of 1402", wrong_days(1402), (365, 0))
expect("(days, wrong days) of 1403", wrong_days(1403), (366, 1))
expect("(days, wrong days) of 1404", wrong_days(1404), (365, 365))
expect("(days, wrong days) of 1405", wrong_days(1405), (365, 0))
try:
    khayyam.JalaliDate.strptime("1403/12/30", "%Y/%m/%d")
    sys.exit("changed: 1403/12/30 is read")
except ValueError as error:
    print("1403/12/30 is refused:", error)
EOF
PYTHONPATH="$dir/packages" python3 -W ignore "$dir/finding.py"
echo "as described"
