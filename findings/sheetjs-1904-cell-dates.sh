#!/bin/sh
# SheetJS (xlsx 0.18.5): in a workbook of the 1904 date system the Date is four
# years and a day earlier than the text of the same cell.
#
# Version: xlsx 0.18.5 (npm).
# Input:   an .xlsx with date1904 set, as Excel for Mac long made them, holding
#          2025-03-20 (serial 44274 in that system); cellDates: true.
# Guess:   v is 20 March 2025, like w.
# Seen:    v is 2021-03-19, w is "2025-03-20".  The .xlsb that the library itself
#          writes from this book loses the flag: there w is 2021-03-19 as well.
# Matters: a member list's due days fall in 2021: all is overdue, and a script
#          that pays what is due pays everything at once.
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
book.Workbook = { WBProps: { date1904: true } };
XLSX.utils.book_append_sheet(book, { A1: { t: 'n', v: 45736 - 1462, z: 'yyyy-mm-dd' }, '!ref': 'A1' }, 'due');
const save = (bookType) => XLSX.write(book, { type: 'buffer', bookType });
const xlsx = XLSX.read(save('xlsx'), { cellDates: true });
expect('the flag is in the file', xlsx.Workbook.WBProps.date1904, true);
expect('text', xlsx.Sheets.due.A1.w, '2025-03-20');
expect('day', xlsx.Sheets.due.A1.v.toISOString().slice(0, 10), '2021-03-19');
expect('xlsb, text', XLSX.read(save('xlsb')).Sheets.due.A1.w, '2021-03-19');
EOF
TZ=UTC node "$dir/finding.cjs"
echo "as described"
