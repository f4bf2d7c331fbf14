//! The calls of the table: what each function does at its limits, and what may surprise of it.

/// Functions of one kind.
pub struct Group {
    pub title: &'static str,
    /// The functions' names, and calls of them.
    pub rows: &'static [(&'static str, &'static [&'static str])],
}

pub const CALLS: &[Group] = &[
    Group {
        title: "Arithmetic",
        rows: &[
            (
                "`+`",
                &[
                    "0x7fff_ffff_ffff_ffff + 1",
                    "1 + 1.5",
                    "\"100\" + 50",
                    "\"100\" + ()",
                    "1 + true",
                    "1 + ()",
                    "[1] + [2]",
                    "#{ a: 1, b: 1 } + #{ b: 2 }",
                    "\"a\" + blob(1, 255)",
                ],
            ),
            (
                "`-`",
                &[
                    "0x8000_0000_0000_0000 - 1",
                    "let a = 0x8000_0000_0000_0000; -a",
                    "\"9500\" - \"500\"",
                    "\"9500\" - '5'",
                    "\"9500\" - 500",
                    "0.3 - 0.1",
                ],
            ),
            ("`*`", &["0x7fff_ffff_ffff_ffff * 2", "0.1 * 3", "\"5\" * 2"]),
            ("`/`", &["7 / 2", "7 / 0", "7 / 2.0", "(7.0 / 0.0).to_string()"]),
            ("`%`", &["-7 % 3", "7 % 0"]),
            ("`**`", &["10 ** 18", "10 ** 19", "2 ** -1", "2.0 ** -1"]),
            ("`<<`, `>>`", &["1 << 62", "1 << 64", "1 << -1", "1 >> 64"]),
            ("`&`, `|`, `^`", &["6 & 3", "6 | 3", "6 ^ 3", "true & false", "6 & true"]),
            ("`!`", &["!true", "!0", "!()"]),
            (
                "`+=`",
                &["let a = 1; a += \"2\"; a", "let a = \"1\"; a += 2; a", "let a = [1]; a += 2; a"],
            ),
            ("`-=`", &["let a = \"9500\"; a -= \"500\"; a"]),
            ("`abs`, `sign`", &["abs(0x8000_0000_0000_0000)", "sign(-3)", "sign(0.0 / 0.0)"]),
            (
                "`is_zero`, `is_odd`, `is_even`",
                &["0.is_zero()", "3.is_odd()", "3.is_even()", "(0.5).is_odd()"],
            ),
            (
                "`min`, `max`",
                &[
                    "min(1, 2.5)",
                    "max(0.0 / 0.0, 1.0)",
                    "max(\"9\", \"10\")",
                    "max(1, \"2\")",
                    "max(1, ())",
                ],
            ),
        ],
    },
    Group {
        title: "Comparisons",
        rows: &[
            (
                "`==`, `!=`",
                &[
                    "1 == 1.0",
                    "1 == \"1\"",
                    "1 == ()",
                    "9007199254740993 == 9007199254740992.0",
                    "\"ي\" == \"ی\"",
                ],
            ),
            (
                "`<`, `<=`, `>`, `>=`",
                &["9500 > \"500\"", "() < 1", "0.0 / 0.0 < 1.0", "\"پ\" < \"و\"", "\"۹\" < \"10\""],
            ),
        ],
    },
    Group {
        title: "Numbers",
        rows: &[
            (
                "`parse_int`",
                &[
                    "parse_int(\" 42 \")",
                    "parse_int(\"۴۲\")",
                    "parse_int(\"1,000\")",
                    "parse_int(\"42.0\")",
                    "parse_int(\"\")",
                    "parse_int(\"9223372036854775808\")",
                    "parse_int(\"ff\", 16)",
                    "parse_int(\"1\", 99)",
                    "parse_int(42)",
                ],
            ),
            (
                "`parse_float`",
                &[
                    "parse_float(\"1.5\")",
                    "parse_float(\"1e400\")",
                    "parse_float(\"nan\")",
                    "parse_float(\"۱٫۵\")",
                ],
            ),
            (
                "`to_int`",
                &[
                    "to_int(1.9)",
                    "to_int(-1.9)",
                    "to_int(1e300)",
                    "to_int(0.0 / 0.0)",
                    "to_int(\"1\")",
                ],
            ),
            ("`to_float`", &["to_float(1)", "to_float(9007199254740993)"]),
            (
                "`floor`, `ceiling`, `round`, `int`",
                &["floor(-1.5)", "ceiling(1.2)", "round(2.5)", "int(-1.9)", "round(2)"],
            ),
            ("`fraction`", &["fraction(1.25)"]),
            (
                "`is_nan`, `is_finite`, `is_infinite`",
                &["is_nan(0.0 / 0.0)", "is_finite(1.0 / 0.0)", "is_infinite(1.0 / 0.0)"],
            ),
            (
                "`sqrt`, `exp`, `ln`, `log`",
                &[
                    "sqrt(-1.0).to_string()",
                    "exp(1000.0).to_string()",
                    "ln(0.0).to_string()",
                    "log(100.0)",
                    "sqrt(4)",
                ],
            ),
            (
                "`sin`, `cos`, `tan`, `asin`, `acos`, `atan`, `sinh`, `cosh`, `tanh`, `asinh`, `acosh`, `atanh`, `hypot`, `to_radians`, `to_degrees`",
                &["sin(0.0)", "asin(2.0).to_string()", "sin(0)"],
            ),
            ("`PI`, `E`", &["PI() > E()"]),
            (
                "`to_hex`, `to_octal`, `to_binary`",
                &["to_hex(255)", "to_hex(-1)", "to_octal(8)", "to_binary(5)"],
            ),
            (
                "`get_bit`, `set_bit`, `get_bits`, `set_bits`, `bits`",
                &[
                    "5.get_bit(0)",
                    "5.get_bit(64)",
                    "5.get_bits(1, 2)",
                    "5.get_bits(0, 99)",
                    "5.get_bits(0..99)",
                    "let a = 5; a.set_bits(0, 2, 2); a",
                    "let a = 5; a.set_bits(0, 2, 4); a",
                    "5.bits(0..3)",
                    "5.bits(62, 3)",
                    "5[0]",
                    "5[99]",
                ],
            ),
            (
                "`range`",
                &[
                    "let a = []; for i in range(0, 5, 2) { a.push(i) } a",
                    "range(0, 5, 0)",
                    "let a = []; for i in range(0, 5, -1) { a.push(i) } a",
                ],
            ),
            (
                "`start`, `end`, `is_inclusive`, `is_exclusive`",
                &[
                    "(1..5).start()",
                    "(1..5).end()",
                    "(1..=5).is_inclusive()",
                    "(1..5).is_exclusive()",
                ],
            ),
        ],
    },
    Group {
        title: "Texts",
        rows: &[
            (
                "`len`, `is_empty`, `bytes`",
                &[
                    "\"سلام\".len()",
                    "\"سلام\".bytes()",
                    "\"می‌خواهم\".len()",
                    "\" \".is_empty()",
                    "[1, 2].len()",
                    "blob(3).len()",
                ],
            ),
            (
                "`get`",
                &[
                    "\"سلام\"[0]",
                    "\"سلام\"[4]",
                    "\"سلام\".get(4)",
                    "[1].get(1)",
                    "#{ a: 1 }.get(\"b\")",
                ],
            ),
            (
                "`set`",
                &[
                    "let a = \"سلام\"; a.set(0, 'ک'); a",
                    "let a = \"سلام\"; a.set(4, 'ک'); a",
                    "let a = [1]; a.set(1, 2); a",
                    "let a = #{}; a.set(\"b\", 2); a",
                ],
            ),
            (
                "`to_upper`, `to_lower`, `make_upper`, `make_lower`",
                &[
                    "\"abc سلام ۱۲\".to_upper()",
                    "'ß'.to_upper()",
                    "let a = \"ABC\"; a.make_lower(); a",
                ],
            ),
            (
                "`trim`",
                &[
                    "\" a \".trim()",
                    "let a = \" a \"; a.trim(); a",
                    "let a = \"\u{200c}a\"; a.trim(); a.len()",
                ],
            ),
            (
                "`sub_string`",
                &[
                    "\"سلام\".sub_string(1, 2)",
                    "\"سلام\".sub_string(1, 99)",
                    "\"سلام\".sub_string(5, 1)",
                    "\"سلام\".sub_string(-2)",
                    "\"سلام\".sub_string(-5)",
                    "\"سلام\".sub_string(1..3)",
                ],
            ),
            ("`crop`", &["let a = \"سلام\"; a.crop(1, 2); a", "let a = \"سلام\"; a.crop(5); a"]),
            (
                "`truncate`, `chop`",
                &[
                    "let a = \"سلام\"; a.truncate(2); a",
                    "let a = \"سلام\"; a.truncate(-1); a",
                    "let a = [1, 2, 3]; a.chop(2); a",
                    "let a = [1, 2, 3]; a.chop(-1); a",
                ],
            ),
            (
                "`pop`",
                &[
                    "let a = \"سلام\"; a.pop()",
                    "let a = \"سلام\"; a.pop(2)",
                    "\"\".pop()",
                    "[].pop()",
                ],
            ),
            (
                "`replace`",
                &["\"aa\".replace(\"a\", \"b\")", "let a = \"aa\"; a.replace(\"a\", \"b\"); a"],
            ),
            (
                "`pad`",
                &[
                    "let a = \"۱\"; a.pad(3, \"۰\"); a",
                    "let a = [1]; a.pad(3, 0); a",
                    "let a = [1]; a.pad(-1, 0); a",
                    "let a = [1, 2]; a.pad(1, 0); a",
                    "let a = \"a\"; a.pad(3, \"\"); a",
                ],
            ),
            (
                "`split`, `split_rev`",
                &[
                    "\"a,b\".split(\",\")",
                    "\"\".split(\",\")",
                    "\"a,b,c\".split(\",\", 2)",
                    "\"a,b,c\".split_rev(\",\", 2)",
                    "\"سلام\".split(1)",
                    "\"سلام\".split(9)",
                    "let a = [1, 2]; a.split(1)",
                    "let a = [1, 2]; a.split(9)",
                ],
            ),
            (
                "`chars`, `to_chars`",
                &[
                    "\"سل\".to_chars()",
                    "let a = []; for c in \"سلام\".chars(2) { a.push(c) } a",
                    "\"سلام\".chars(9)",
                ],
            ),
            (
                "`contains`, `starts_with`, `ends_with`",
                &[
                    "\"1000\".contains(\"00\")",
                    "\"1000\".contains(0)",
                    "[1, 2].contains(\"1\")",
                    "\"a\" in #{ a: 1 }",
                    "(1..5).contains(5)",
                    "\"ab\".starts_with(\"a\")",
                    "\"ab\".ends_with('b')",
                ],
            ),
            (
                "`index_of`",
                &[
                    "\"سلام\".index_of(\"ام\")",
                    "\"سلام\".index_of(\"x\")",
                    "\"سلام\".index_of(\"م\", 9)",
                    "[1, 2].index_of(2)",
                    "[1, 2].index_of(\"2\")",
                    "[1, 2].index_of(|a| a)",
                ],
            ),
            (
                "`append`",
                &[
                    "let a = \"1\"; a.append(2); a",
                    "let a = [1]; a.append([2]); a",
                    "let a = blob(1, 255); let b = \"\"; b.append(a); b",
                ],
            ),
            (
                "`remove`",
                &[
                    "let a = \"aba\"; a.remove(\"a\"); a",
                    "let a = [1, 2]; a.remove(-1)",
                    "let a = [1, 2]; a.remove(2)",
                    "let a = #{ b: 1 }; a.remove(\"c\")",
                ],
            ),
            ("`clear`", &["let a = \"a\"; a.clear(); a"]),
            (
                "`to_string`, `to_debug`",
                &[
                    "1.5.to_string()",
                    "9007199254740993.0.to_string()",
                    "'a'.to_debug()",
                    "().to_string()",
                ],
            ),
            ("`print`, `debug`, `info`, `warn`", &["print(\"a\")", "info(1)"]),
        ],
    },
    Group {
        title: "Arrays",
        rows: &[
            ("`push`", &["let a = [1]; a.push(\"2\"); a"]),
            (
                "`insert`",
                &[
                    "let a = [1, 2]; a.insert(2, 3); a",
                    "let a = [1, 2]; a.insert(3, 3); a",
                    "let a = [1, 2]; a.insert(-3, 3); a",
                ],
            ),
            ("`shift`", &["let a = [1, 2]; a.shift()", "[].shift()"]),
            ("`reverse`", &["let a = [1, 2]; a.reverse(); a"]),
            (
                "`splice`",
                &[
                    "let a = [1, 2, 3]; a.splice(1, 1, [9, 9]); a",
                    "let a = [1]; a.splice(2, 0, [9]); a",
                    "let a = [1, 2]; a.splice(0..9, [9]); a",
                ],
            ),
            (
                "`extract`",
                &[
                    "[1, 2, 3].extract(1, 9)",
                    "[1, 2, 3].extract(3)",
                    "[1, 2, 3].extract(4)",
                    "[1, 2, 3].extract(-1..2)",
                    "[1, 2, 3].extract(0, -1)",
                ],
            ),
            (
                "`drain`, `retain`",
                &[
                    "let a = [1, 2, 3]; a.drain(0, 2)",
                    "let a = [1, 2, 3]; a.retain(1..9); a",
                    "let a = [1, 2, 3]; a.drain(4, 1)",
                    "let a = [1, 2]; a.drain(|x| x)",
                    "let a = [1, 2]; a.retain(|x| x > y); a",
                ],
            ),
            (
                "`map`, `for_each`",
                &[
                    "[1, 2].map(|x| x * 2)",
                    "[1, 2].map(|x| x.amount)",
                    "[1, 2].for_each(|| this.amount)",
                    "[1].map(\"f\")",
                ],
            ),
            (
                "`filter`, `some`, `all`, `find`",
                &[
                    "[1, 2].filter(|x| x > 1)",
                    "[1, 2].filter(|x| x)",
                    "[1, 2].some(|x| ())",
                    "[].all(|x| false)",
                    "[1, 2].find(|x| x > 5)",
                ],
            ),
            (
                "`find_map`",
                &[
                    "[1, 2].find_map(|x| if x > 1 { x * 2 })",
                    "[1, 2].find_map(|x| ())",
                    "[1].find_map(|x| throw \"within\")",
                ],
            ),
            (
                "`reduce`, `reduce_rev`",
                &[
                    "[1, 2].reduce(|sum, x| sum + x, 0)",
                    "[1, 2].reduce(|sum, x| sum + x)",
                    "[0x7fff_ffff_ffff_ffff, 1].reduce(|sum, x| sum + x, 0)",
                    "[\"1\", \"2\"].reduce(|sum, x| sum + x, 0)",
                ],
            ),
            ("`zip`", &["[1, 2].zip([3, 4], |x, y| x + y)", "[1, 2].zip([3], |x, y| x + y)"]),
            (
                "`sort`, `sort_by`, `order`, `order_by`",
                &[
                    "[3, 1].order()",
                    "[3, \"1\"].order()",
                    "[3, 1].order(|a, b| a.amount - b.amount)",
                    "[3, 1].order_by(|a, b| \"a\")",
                ],
            ),
            ("`sort_desc`, `order_desc`", &["[1, 3].order_desc()"]),
            ("`dedup`", &["let a = [1, 1, 2]; a.dedup(); a", "let a = [1, \"1\"]; a.dedup(); a"]),
        ],
    },
    Group {
        title: "Object maps",
        rows: &[
            (
                "`keys`, `values`",
                &["#{ b: 1, a: 2 }.keys()", "#{ b: 1, a: 2 }.values()", "let a = #{ a: 1 }; a.b"],
            ),
            (
                "`mixin`, `fill_with`",
                &[
                    "let a = #{ b: 1 }; a.mixin(#{ b: 2 }); a",
                    "let a = #{ b: 1 }; a.fill_with(#{ b: 2, c: 3 }); a",
                ],
            ),
            (
                "`to_json`",
                &[
                    "#{ t: \"می\u{200c}خواهم\", d: '۱', n: 1.0 }.to_json()",
                    "to_json(0.0 / 0.0)",
                    "to_json(9007199254740993)",
                    "to_json(|x| x)",
                ],
            ),
            (
                "`parse_json`",
                &[
                    "parse_json(\"{\\\"a\\\": 9007199254740993}\").a",
                    "parse_json(\"1e400\")",
                    "parse_json(\"12345678901234567890\")",
                    "parse_json(\"{'a': 1}\")",
                    "parse_json(\"{\\\"a\\\": ۱}\")",
                ],
            ),
        ],
    },
    Group {
        title: "Blobs",
        rows: &[
            ("`blob`", &["blob(2, 255).to_array()", "blob(2, 256)", "blob(-1)"]),
            ("`to_blob`", &["\"س\".to_blob().to_array()"]),
            ("`to_array`", &["blob(1, 7).to_array()"]),
            ("`as_string`", &["blob(2, 65).as_string()", "blob(1, 255).as_string()"]),
        ],
    },
    Group {
        title: "Functions, and the end of a run",
        rows: &[
            (
                "`name`, `is_anonymous`",
                &["let f = Fn(\"len\"); f.name()", "(|x| x).is_anonymous()"],
            ),
            ("`exit`", &["exit(1)"]),
        ],
    },
];
