#!/bin/sh
# @persian-tools/persian-tools 4.0.4: wordsToNumber loses halves and "thousand
# milliard" without an error.
#
# Version: @persian-tools/persian-tools 4.0.4 (npm).
# Input:   amounts as people in Iran say them: two thousand milliard (the usual
#          word for 2 * 10^12), one and a half million, three million and a half;
#          and what numberToWords of the same package writes for 10^15.
# Guess:   2000000000000, 1500000, 3500000, 1000000000000000; or an error.
# Seen:    1000002000 (the words are added), 1000000, 3000000, and 1.
# Matters: an amount typed in words, or the check of a cheque's words against its
#          digits, silently gets another amount: 2,000 times less, or the half
#          left out.
set -eu
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
(cd "$dir" && npm init -y > init.log && npm install --silent --no-audit --no-fund --save-exact @persian-tools/persian-tools@4.0.4)
cat > "$dir/finding.cjs" <<'EOF'
const { wordsToNumber, numberToWords } = require('@persian-tools/persian-tools');

function expect(what, seen, want) {
  const text = JSON.stringify(seen);
  console.log(what, '->', text);
  if (text !== JSON.stringify(want)) { console.error('changed: was', JSON.stringify(want)); process.exit(1); }
}

expect('one million two hundred thousand', wordsToNumber('یک میلیون و دویست هزار'), 1200000);
expect('two milliard', wordsToNumber('دو میلیارد'), 2000000000);
expect('two thousand milliard', wordsToNumber('دو هزار میلیارد'), 1000002000);
expect('one and a half million', wordsToNumber('یک و نیم میلیون'), 1000000);
expect('three million and a half', wordsToNumber('سه میلیون و نیم'), 3000000);
expect('10^12 there and back', wordsToNumber(numberToWords(1e12)), 1e12);
expect('10^15 there and back', wordsToNumber(numberToWords(1e15)), 1);
EOF
node "$dir/finding.cjs"
echo "as described"
