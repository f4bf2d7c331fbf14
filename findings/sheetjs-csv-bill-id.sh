#!/bin/sh
# SheetJS (xlsx 0.18.5): a bill id of 13 digits leaves as 7.74832E+12.
#
# Version: xlsx 0.18.5 (npm).
# Input:   a workbook with the number 7748317800142 in a cell of format General.
# Guess:   sheet_to_csv writes 7748317800142.
# Seen:    7.74832E+12, in sheet_to_csv and in sheet_to_json with raw: false: the
#          library writes what a narrow column would show.  rawNumbers: true (CSV)
#          or raw: true (JSON) keep the digits.  1250000 is written in full.
# Matters: CSV made from a shop's sheet has lost seven digits of each bill id and
#          of each amount from 10^11 rials on; as a number it reads back without
#          complaint as 7748320000000: another bill, another amount.
set -eu
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
(cd "$dir" && npm init -y > init.log && npm install --silent --no-audit --no-fund --save-exact xlsx@0.18.5)
cat > "$dir/finding.cjs" <<'EOF'
const XLSX = require('xlsx');

function expect(what, seen, want) {
  const text = JSON.stringify(seen);
  console.log(what, '->', text);
  if (text !== JSON.stringify(want)) { console.error('changed: was', JSON.stringify(want)); process.exit(1); }
}

const book = XLSX.utils.book_new();
XLSX.utils.book_append_sheet(book, XLSX.utils.aoa_to_sheet([[7748317800142], [1250000], [250000000000]]), 'bills');
const sheet = XLSX.read(XLSX.write(book, { type: 'buffer', bookType: 'xlsx' })).Sheets.bills;
expect('CSV', XLSX.utils.sheet_to_csv(sheet).trim().split('\n'), ['7.74832E+12', '1250000', '2.5E+11']);
expect('JSON, raw: false', XLSX.utils.sheet_to_json(sheet, { header: 1, raw: false })[0], ['7.74832E+12']);
expect('JSON', XLSX.utils.sheet_to_json(sheet, { header: 1 })[0], [7748317800142]);
expect('read back', Number('7.74832E+12'), 7748320000000);
EOF
node "$dir/finding.cjs"
echo "as described"
