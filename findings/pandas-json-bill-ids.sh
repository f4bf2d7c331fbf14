#!/bin/sh
# pandas 3.1.1: read_json turns texts of digits into numbers.
#
# Version: pandas 3.1.1 (PyPI).
# Input:   valid JSON whose bill and payment ids are texts, so that they keep
#          their leading zeros: [{"bill": "0061234500149"}].
# Guess:   they stay texts; JSON tells texts from numbers.
# Seen:    the whole number 61234500149.  If another row has none (null) the
#          column is of floats.  Texts of 16 digits beside one with a fraction
#          lose their last digit: "9007199254740993" becomes ...992.
#          dtype=False leaves them alone.
# Matters: a bill id without its zeros fails its check digit or is another
#          bill's; a reference number with another last digit matches nothing,
#          or the neighbour.
set -eu
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --target "$dir/packages" pandas==3.1.1
cat > "$dir/finding.py" <<'EOF'
import io, sys, pandas

def expect(what, seen, want):
    print(what, "->", repr(seen))
    if seen != want:
        sys.exit(f"changed: {what} is {seen!r}, was {want!r}")

def column(text, **options):
    return pandas.read_json(io.StringIO(text), **options)["id"].tolist()

expect("text", column('[{"id": "0061234500149"}]'), [61234500149])
expect("text, with a null", str(column('[{"id": "0061234500149"}, {"id": null}]')), "[61234500149.0, nan]")
expect("16 digits", column('[{"id": "9007199254740993"}, {"id": "12.5"}]'), [9007199254740992.0, 12.5])
expect("dtype=False", column('[{"id": "0061234500149"}]', dtype=False), ["0061234500149"])
EOF
PYTHONPATH="$dir/packages" python3 -W ignore "$dir/finding.py"
echo "as described"
