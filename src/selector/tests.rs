//! The language as a table, and generated selectors held against an evaluator that is plain enough to be trusted.

use std::borrow::Cow;

use proptest::prelude::*;

use super::*;

fn text(text: &'static str) -> Option<Operand<'static>> {
    Some(Operand::Text(Cow::Borrowed(text)))
}

/// The event that the tables look at.
fn lookup(name: &str) -> Option<Operand<'static>> {
    match name {
        "severity" => text("high"),
        "quoted" => text("it's"),
        "event-type" => text("agent.started.v1"),
        "content-length" | "a" => Some(Operand::Integer(7)),
        "length" | "b" => Some(Operand::Integer(2)),
        "half" => Some(Operand::Float(0.5)),
        "big" => Some(Operand::Integer(9_007_199_254_740_993)),
        "most" => Some(Operand::Integer(i64::MAX)),
        "least" => Some(Operand::Integer(i64::MIN)),
        "yes" => Some(Operand::Boolean(true)),
        "no" => Some(Operand::Boolean(false)),
        "object" => Some(Operand::Other),
        "shop.id" => text("s1"),
        "/shop/id" => text("pointer"),
        "odd \"name\"" => text("odd"),
        "größe" => Some(Operand::Integer(1)),
        _ => None,
    }
}

#[track_caller]
fn matches(selector: &str) -> bool {
    Selector::parse(selector).unwrap_or_else(|err| panic!("{selector}: {err}")).matches(&lookup)
}

/// Every condition is true, false or unknown, told apart by what its negation is.
#[track_caller]
fn check(selector: &str, expected: Option<bool>) {
    let found = match (matches(selector), matches(&format!("NOT ({selector})"))) {
        (true, false) => Some(true),
        (false, true) => Some(false),
        (false, false) => None,
        (true, true) => panic!("{selector} and its negation both hold"),
    };
    assert_eq!(found, expected, "{selector}");
}

#[track_caller]
fn is_true(selector: &str) {
    check(selector, Some(true));
}

#[track_caller]
fn is_false(selector: &str) {
    check(selector, Some(false));
}

#[track_caller]
fn is_unknown(selector: &str) {
    check(selector, None);
}

#[test]
fn comparisons_of_texts_numbers_and_booleans() {
    is_true("severity = 'high'");
    is_true("severity <> 'low'");
    is_true("quoted = 'it''s'");
    is_true("a > 6.9 AND a >= 7 AND a < 8 AND a <= 7 AND a = 7 AND a <> 8 AND a = 7.0 AND a = 7. AND a = 70e-1");
    is_true("half = .5 AND half = 5E-1");
    is_true("yes = TRUE AND no = false AND yes <> no");
    is_true("yes AND NOT no");
    is_true("(a = 7) = yes");
    is_false("severity = 'High'");
    is_false("a < b");
}

#[test]
fn whole_numbers_are_compared_exactly() {
    is_false("big = 9007199254740992");
    is_true("big = 9007199254740993");
    is_true("most = 9223372036854775807 AND least = -9223372036854775808 AND least < -9223372036854775807");
    is_true("most < 99999999999999999999");
    is_true("-a = -7 AND - -a = 7 AND +a = 7 AND -(a) < 0");
}

#[test]
fn two_types_are_never_equal_and_never_unequal() {
    is_false("severity = 7");
    is_false("severity <> 7");
    is_false("yes = 'TRUE'");
    is_false("severity > 1");
    is_false("severity < severity");
    is_false("severity BETWEEN 1 AND 2");
    is_false("severity NOT BETWEEN 1 AND 2");
    is_false("object = 'x'");
    is_false("object <> 'x'");
    is_false("a LIKE '7'");
    is_true("a NOT LIKE '7'");
}

#[test]
fn what_is_absent_is_unknown() {
    is_unknown("absent = 1");
    is_unknown("absent <> 1");
    is_unknown("absent = absent");
    is_unknown("absent");
    is_unknown("severity");
    is_unknown("absent LIKE '%'");
    is_unknown("absent NOT IN ('a')");
    is_unknown("absent + 1 > 0");
    is_unknown("absent BETWEEN 1 AND 2");
    is_unknown("a BETWEEN 1 AND absent");
    is_false("a BETWEEN 8 AND absent");
    is_true("absent IS NULL AND a IS NOT NULL AND object IS NOT NULL");
    is_false("absent IS NOT NULL");
    is_false("absent = 1 AND a = 8");
    is_unknown("absent = 1 AND a = 7");
    is_true("absent = 1 OR a = 7");
    is_unknown("absent = 1 OR a = 8");
    is_unknown("NOT absent = 1");
}

#[test]
fn lists_ranges_and_patterns() {
    is_true("severity IN ('high','critical')");
    is_false("severity NOT IN ('high', 'critical')");
    is_true("a IN (1, -2, 7.0) AND severity NOT IN (7)");
    is_true("a BETWEEN 7 AND 9 AND a NOT BETWEEN 8 AND 9");
    is_false("a BETWEEN 9 AND 7");
    is_true("event-type LIKE 'agent.%' AND event-type LIKE '_gent%v1'");
    is_true("event-type NOT LIKE 'session.%'");
    is_true("'100%' LIKE '100!%' ESCAPE '!'");
}

#[test]
fn arithmetic_and_its_edges() {
    is_true("a + b * 2 = 11 AND (a + b) * 2 = 18 AND a - b - 1 = 4 AND 12 / 3 / 2 = 2");
    is_true("a / b = 3.5 AND 8 / b = 4");
    is_true("most + 1 > 9e18 AND most - 1 < most");
    is_true("least / -1 > 0");
    is_unknown("a / 0 = 1");
    is_unknown("a / 0.0 > 1");
    is_unknown("1e308 * 10 > 1");
    is_unknown("severity + 1 = 2");
}

#[test]
fn names_of_every_kind() {
    is_true("content-length = 7");
    is_true("a - b = 5 AND a -b = 5 AND a-1 = 6 AND 7-b = 5");
    is_unknown("a-b = 5");
    is_true("shop.id = 's1' AND \"/shop/id\" = 'pointer' AND \"odd \"\"name\"\"\" = 'odd'");
    is_true("\"event-type\" = event-type AND größe = 1");
    is_unknown("\"and\" = 1");
    is_unknown("$x = 1 OR _y = 1 OR x.y-z = 1");
}

#[test]
fn precedence_and_the_case_of_keywords() {
    is_true("a = 7 or a = 8 and a = 9");
    is_false("(a = 7 or a = 8) And a = 9");
    is_true("not a = 8 AND b = 2");
    is_true("a Is Not Null and severity iN ('high') and a bEtween 1 and 9 and severity LiKe 'h%'");
    is_true("NOT NOT NOT no");
}

#[track_caller]
fn refuse(selector: &str, column: usize, part: &str) {
    let err = Selector::parse(selector).map(|_| ()).expect_err(selector);
    assert_eq!(err.column, column, "{selector}: {err}");
    assert!(err.message.contains(part), "{selector}: {err}");
}

#[test]
fn errors_say_where_and_what_was_expected() {
    refuse("", 1, "a name, a literal or `(` is expected here, not the end");
    refuse("a = ", 5, "not the end");
    refuse("a = 1 b", 7, "`AND`, `OR` or the end is expected here, not the name `b`");
    refuse("(a = 1", 7, "`)` is expected");
    refuse("a = 'x", 5, "no closing '");
    refuse("\"x = 1", 1, "no closing \"");
    refuse("\"\" = 1", 1, "not empty");
    refuse("größe != 1", 7, "`<>`");
    refuse("a == 1", 3, "`=`");
    refuse("a = #", 5, "`#` has no meaning");
    refuse("a = NULL", 5, "IS [NOT] NULL");
    refuse("a IS 1", 6, "`NULL` or `NOT NULL`");
    refuse("a NOT = 1", 7, "`BETWEEN`, `IN` or `LIKE`");
    refuse("a BETWEEN 1 OR 2", 13, "`AND` is expected");
    refuse("a IN ()", 7, "a name, a literal");
    refuse("a IN (b)", 7, "literals only");
    refuse("a IN (1 2)", 9, "`,` or `)`");
    refuse("a LIKE b", 8, "a pattern in '…'");
    refuse("a LIKE 'x' ESCAPE 'ab'", 19, "exactly one character");
    refuse("a LIKE 'x!' ESCAPE '!'", 8, "escape character");
    refuse("a < 'x'", 5, "`<` takes numbers only, not a text");
    refuse("a BETWEEN 'a' AND 'b'", 11, "not a text");
    refuse("1 + (a = 1) > 2", 5, "not a condition");
    refuse("a AND 5", 7, "a condition is expected here, not a number");
    refuse("'x'", 1, "a condition is expected here, not a text");
    refuse("NOT 'x'", 5, "a condition");
    refuse("a = 1 = 1", 7, "`AND`, `OR` or the end");
    refuse("12ab = 1", 1, "does not run into `a`");
    refuse("a = 1e999", 5, "too large");
}

#[test]
fn length_depth_and_parts_are_bounded() {
    let nested = |depth: usize, open: &str, close: &str| format!("{}a = 1{}", open.repeat(depth), close.repeat(depth));
    let chain = |count: usize| vec!["a"; count].join(" OR ");
    assert!(Selector::parse(&nested(DEPTH_MAX, "(", ")")).is_ok());
    refuse(&nested(DEPTH_MAX + 1, "(", ")"), DEPTH_MAX + 2, "nested at most 32 deep");
    refuse(&nested(DEPTH_MAX + 1, "NOT ", ""), 4 * DEPTH_MAX + 5, "nested at most 32 deep");
    refuse(&format!("{}a = 1", "- ".repeat(DEPTH_MAX + 1)), 2 * DEPTH_MAX + 3, "nested at most 32 deep");
    assert!(Selector::parse(&chain(NODES_MAX / 2)).is_ok());
    assert!(Selector::parse(&chain(NODES_MAX / 2 + 1)).is_err());
    assert!(Selector::parse(&format!("a IN ({})", vec!["1"; NODES_MAX].join(","))).is_err());
    assert!(Selector::parse(&format!("a = '{}'", "x".repeat(BYTES_MAX - 6))).is_ok());
    refuse(&format!("a = '{}'", "x".repeat(BYTES_MAX - 5)), 1, "at most 4096 octets");
}

/// A generated condition; its members have only the three values that the definition of each operator needs.
#[derive(Clone, Debug)]
enum Condition {
    Compare(Sum, &'static str, Sum),
    Between(Sum, bool, Sum, Sum),
    In(&'static str, bool, Vec<String>),
    IsNull(&'static str, bool),
    Not(Box<Condition>),
    Join(Box<Condition>, bool, Box<Condition>),
}

#[derive(Clone, Debug)]
enum Sum {
    Name(&'static str),
    Number(i32),
    Text(String),
    Calculate(Box<Sum>, char, Box<Sum>),
}

fn sum() -> impl Strategy<Value = Sum> {
    let leaf = prop_oneof![
        prop::sample::select(vec!["a", "b", "absent", "big"]).prop_map(Sum::Name),
        (-9..9_i32).prop_map(Sum::Number),
    ];
    leaf.prop_recursive(3, 8, 2, |inner| {
        (inner.clone(), prop::sample::select(vec!['+', '-', '*']), inner)
            .prop_map(|(left, symbol, right)| Sum::Calculate(Box::new(left), symbol, Box::new(right)))
    })
}

fn condition() -> impl Strategy<Value = Condition> {
    let symbol = prop::sample::select(vec!["=", "<>", "<", "<=", ">", ">="]);
    let equality = prop::sample::select(vec!["=", "<>"]);
    let name = || prop::sample::select(vec!["severity", "quoted", "a", "absent"]);
    let text = prop::sample::select(vec!["high", "it's", "low", "7"]).prop_map(str::to_owned);
    let leaf = prop_oneof![
        (sum(), symbol, sum()).prop_map(|(left, symbol, right)| Condition::Compare(left, symbol, right)),
        (name(), equality, text.clone())
            .prop_map(|(name, symbol, text)| { Condition::Compare(Sum::Name(name), symbol, Sum::Text(text)) }),
        (sum(), any::<bool>(), sum(), sum()).prop_map(|(a, negated, b, c)| Condition::Between(a, negated, b, c)),
        (name(), any::<bool>(), prop::collection::vec(text, 1..3))
            .prop_map(|(name, negated, list)| Condition::In(name, negated, list)),
        (name(), any::<bool>()).prop_map(|(name, negated)| Condition::IsNull(name, negated)),
    ];
    leaf.prop_recursive(4, 12, 2, |inner| {
        prop_oneof![
            inner.clone().prop_map(|condition| Condition::Not(Box::new(condition))),
            (inner.clone(), any::<bool>(), inner).prop_map(|(left, all, right)| Condition::Join(
                Box::new(left),
                all,
                Box::new(right)
            )),
        ]
    })
}

impl Sum {
    fn text(&self) -> String {
        match self {
            Self::Name(name) => (*name).to_owned(),
            Self::Number(number) => number.to_string(),
            Self::Text(text) => format!("'{}'", text.replace('\'', "''")),
            Self::Calculate(left, symbol, right) => format!("({} {symbol} {})", left.text(), right.text()),
        }
    }

    /// The number, exact: nothing that is generated leaves 128 bits. What leaves 64 is compared as floating point.
    fn number(&self) -> Option<i128> {
        match self {
            Self::Name(name) => match lookup(name)? {
                Operand::Integer(number) => Some(number.into()),
                _ => None,
            },
            Self::Number(number) => Some((*number).into()),
            Self::Text(_) => None,
            Self::Calculate(left, symbol, right) => match (left.number()?, right.number()?) {
                (left, right) if *symbol == '+' => Some(left + right),
                (left, right) if *symbol == '-' => Some(left - right),
                (left, right) => left.checked_mul(right),
            },
        }
    }

    /// Whether every step stays within 64 bits, where the language promises exactness.
    fn is_exact(&self) -> bool {
        let inner = match self {
            Self::Calculate(left, _, right) => left.is_exact() && right.is_exact(),
            _ => true,
        };
        inner && self.number().is_none_or(|number| i64::try_from(number).is_ok())
    }
}

impl Condition {
    fn text(&self) -> String {
        let not = |negated: &bool| if *negated { "NOT " } else { "" };
        match self {
            Self::Compare(left, symbol, right) => format!("{} {symbol} {}", left.text(), right.text()),
            Self::Between(value, negated, low, high) => {
                format!("{} {}BETWEEN {} AND {}", value.text(), not(negated), low.text(), high.text())
            }
            Self::In(name, negated, list) => {
                let list: Vec<_> = list.iter().map(|item| Sum::Text(item.clone()).text()).collect();
                format!("{name} {}in ({})", not(negated), list.join(","))
            }
            Self::IsNull(name, negated) => format!("{name} IS {}NULL", not(negated)),
            Self::Not(inner) => format!("NOT ({})", inner.text()),
            Self::Join(left, true, right) => format!("({}) AND ({})", left.text(), right.text()),
            Self::Join(left, false, right) => format!("({}) OR ({})", left.text(), right.text()),
        }
    }

    fn is_exact(&self) -> bool {
        match self {
            Self::Compare(left, _, right) => left.is_exact() && right.is_exact(),
            Self::Between(value, _, low, high) => value.is_exact() && low.is_exact() && high.is_exact(),
            Self::In(..) | Self::IsNull(..) => true,
            Self::Not(inner) => inner.is_exact(),
            Self::Join(left, _, right) => left.is_exact() && right.is_exact(),
        }
    }

    fn truth(&self) -> Option<bool> {
        match self {
            Self::Compare(Sum::Name(name), symbol, Sum::Text(text)) => match lookup(name)? {
                Operand::Text(value) => Some((value == *text) == (*symbol == "=")),
                _ => Some(false),
            },
            Self::Compare(left, symbol, right) => Some(ordered(left.number()?, symbol, right.number()?)),
            Self::Between(value, negated, low, high) => {
                let low = low.number().zip(value.number()).map(|(low, value)| low <= value);
                let high = high.number().zip(value.number()).map(|(high, value)| value <= high);
                let inside = and(low, high);
                inside.map(|inside| inside != *negated)
            }
            Self::In(name, negated, list) => {
                let value = lookup(name)?;
                let found = list.iter().any(|item| value == Operand::Text(Cow::Borrowed(item.as_str())));
                Some(found != *negated)
            }
            Self::IsNull(name, negated) => Some(lookup(name).is_none() != *negated),
            Self::Not(inner) => inner.truth().map(|truth| !truth),
            Self::Join(left, true, right) => and(left.truth(), right.truth()),
            Self::Join(left, false, right) => {
                let opposite = |truth: Option<bool>| truth.map(|truth| !truth);
                opposite(and(opposite(left.truth()), opposite(right.truth())))
            }
        }
    }
}

fn and(left: Option<bool>, right: Option<bool>) -> Option<bool> {
    match (left, right) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

fn ordered(left: i128, symbol: &str, right: i128) -> bool {
    match symbol {
        "=" => left == right,
        "<>" => left != right,
        "<" => left < right,
        "<=" => left <= right,
        ">" => left > right,
        _ => left >= right,
    }
}

/// Texts made of the language's own pieces get far deeper into the reader than arbitrary ones.
fn soup() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a",
        "b-c",
        "x.y",
        "\"/p/q\"",
        "'t'",
        "''",
        "7",
        "-",
        "1.5e3",
        "9223372036854775808",
        ".",
        "(",
        ")",
        ",",
        "=",
        "<>",
        "<",
        "+",
        "*",
        "/",
        "AND",
        "or",
        "NOT",
        "BETWEEN",
        "IN",
        "LIKE",
        "'%_a%'",
        "ESCAPE",
        "'!'",
        "IS",
        "NULL",
        "TRUE",
        "é",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.join(" "))
}

proptest! {
    #[test]
    fn no_text_breaks_it(text in "(?s).{0,200}") {
        if let Ok(selector) = Selector::parse(&text) {
            selector.matches(&lookup);
        }
    }

    #[test]
    fn no_soup_of_its_own_words_breaks_it(text in soup()) {
        if let Ok(selector) = Selector::parse(&text) {
            selector.matches(&lookup);
        }
    }

    #[test]
    fn it_means_what_the_definitions_say(condition in condition()) {
        prop_assume!(condition.is_exact());
        let text = condition.text();
        let selector = Selector::parse(&text).map_err(|err| TestCaseError::fail(format!("{text}: {err}")))?;
        prop_assert_eq!(selector.condition.truth(&lookup), condition.truth(), "{}", text);
    }
}
