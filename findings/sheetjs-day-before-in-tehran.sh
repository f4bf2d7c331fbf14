#!/bin/sh
# SheetJS (xlsx 0.18.5): on a machine in Iran every date cell is the day before.
#
# Version: xlsx 0.18.5 (npm), node with TZ=Asia/Tehran.
# Input:   a workbook with the date cell 2025-03-20 (serial 45736), read with
#          cellDates: true.
# Guess:   2025-03-20 00:00 of local time (what the same code gives in UTC).
# Seen:    2025-03-19 23:59:16.  Tehran's offset before 1946, +03:25:44, has
#          seconds, and the difference to 1899-12-30 is taken by it.  Written
#          from Date objects, days get a fraction: 45736.00050925926.
# Matters: getDate(), and every Jalali conversion by local day, answer the day
#          before: due days of a member list move by one, month ends into the
#          month before.  On the developer's server in UTC all is right.
set -eu
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
(cd "$dir" && npm init -y > init.log && npm install --silent --no-audit --no-fund --save-exact xlsx@0.18.5)
cat > "$dir/finding.cjs" <<'EOF'
// TEHRAN: the zone is set by the caller.
const XLSX = require('xlsx');

function expect(what, seen, want) {
  const text = JSON.stringify(seen);
  console.log(what, '->', text);
  if (text !== JSON.stringify(want)) { console.error('changed: was', JSON.stringify(want)); process.exit(1); }
}

const sheet = { A1: { t: 'n', v: 45736, z: 'yyyy-mm-dd' }, '!ref': 'A1' };
const book = XLSX.utils.book_new();
XLSX.utils.book_append_sheet(book, sheet, 'due');
const file = XLSX.write(book, { type: 'buffer', bookType: 'xlsx' });
const day = XLSX.read(file, { cellDates: true }).Sheets.due.A1.v;
expect('moment', day.toISOString(), '2025-03-19T20:29:16.000Z');
expect('local day of March', day.getDate(), 19);
const written = XLSX.utils.aoa_to_sheet([[new Date(2025, 2, 20)]]).A1.v;
expect('written from new Date(2025, 2, 20)', written > 45736 && written < 45736.001, true);
EOF
TZ=Asia/Tehran node "$dir/finding.cjs"
echo "as described"
