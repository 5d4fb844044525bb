//! Names of channels and patterns over them: levels between slashes, `*` for one level, `**` at the end for the rest.
//!
//! Values from events and claims are encoded on their way into a name, so that no two of them meet in one channel and
//! none can bring a slash or a wildcard along.

use std::fmt;

/// Octets that stand for themselves in an encoded value.
const fn is_plain(octet: u8) -> bool {
    matches!(octet, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'~' | b'-')
}

/// Appends a value as one level: every octet outside `A-Za-z0-9._~-` becomes `%XX`, the empty value `%`; `.` and `..`
/// are encoded too. Different values give different levels.
pub fn encode_value_into(value: &str, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    if value.is_empty() {
        out.push('%');
        return;
    }
    let dots_only = value == "." || value == "..";
    for octet in value.bytes() {
        if is_plain(octet) && !dots_only {
            out.push(char::from(octet));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(octet >> 4)]));
            out.push(char::from(HEX[usize::from(octet & 15)]));
        }
    }
}

/// A value as one level of a channel name.
pub fn encode_value(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    encode_value_into(value, &mut out);
    out
}

/// Why a text is no channel pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// It does not begin with a slash.
    #[error("a destination begins with `/`, as in `/topic/user/42`")]
    NoSlash,
    /// Two slashes in a row, or one at the end.
    #[error("a destination has no empty level: level {0} is empty")]
    EmptyLevel(usize),
    /// `**` before the last level.
    #[error("`**` may only be the last level")]
    RestNotLast,
    /// A `*` beside other characters in one level.
    #[error("`*` stands for a whole level: `{0}` mixes it with other characters")]
    MixedWildcard(String),
    /// More levels than [`LEVELS_MAX`].
    #[error("a destination has at most {LEVELS_MAX} levels")]
    TooDeep,
}

/// The most levels that a name or pattern may have.
pub const LEVELS_MAX: usize = 32;

/// One level of a pattern.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Level {
    /// Exactly this text.
    Literal(Box<str>),
    /// `*`: any one level.
    One,
    /// `**`: zero or more levels; only ever the last.
    Rest,
}

/// A set of channels: one name, or a name with wildcards.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pattern {
    levels: Vec<Level>,
}

impl Pattern {
    /// Reads a pattern. Errors say what a destination looks like.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let rest = text.strip_prefix('/').ok_or(PatternError::NoSlash)?;
        let mut levels = Vec::new();
        for (index, level) in rest.split('/').enumerate() {
            if levels.len() == LEVELS_MAX {
                return Err(PatternError::TooDeep);
            }
            if levels.last() == Some(&Level::Rest) {
                return Err(PatternError::RestNotLast);
            }
            levels.push(match level {
                "" => return Err(PatternError::EmptyLevel(index + 1)),
                "*" => Level::One,
                "**" => Level::Rest,
                _ if level.contains('*') => return Err(PatternError::MixedWildcard(level.to_owned())),
                _ => Level::Literal(level.into()),
            });
        }
        Ok(Self { levels })
    }

    /// The levels in order.
    pub fn levels(&self) -> &[Level] {
        &self.levels
    }

    /// Whether it is one channel's name, without wildcards.
    pub fn is_exact(&self) -> bool {
        self.levels.iter().all(|level| matches!(level, Level::Literal(_)))
    }

    /// Whether the channel of that name is in the set.
    pub fn matches(&self, name: &str) -> bool {
        let Some(rest) = name.strip_prefix('/') else { return false };
        let mut names = rest.split('/');
        for level in &self.levels {
            match level {
                Level::Rest => return true,
                Level::One if names.next().is_none() => return false,
                Level::One => {}
                Level::Literal(text) if names.next() != Some(text) => return false,
                Level::Literal(_) => {}
            }
        }
        names.next().is_none()
    }

    /// Whether every channel of `other` is in this set too. Access rules ask this of a subscription.
    pub fn covers(&self, other: &Self) -> bool {
        let mut others = other.levels.iter();
        for level in &self.levels {
            match (level, others.next()) {
                (Level::Rest, _) => return true,
                (_, None | Some(Level::Rest)) => return false,
                (Level::One, Some(_)) => {}
                (Level::Literal(mine), Some(Level::Literal(theirs))) if mine == theirs => {}
                (Level::Literal(_), Some(_)) => return false,
            }
        }
        others.next().is_none()
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.levels.iter().try_for_each(|level| match level {
            Level::Literal(text) => write!(f, "/{text}"),
            Level::One => f.write_str("/*"),
            Level::Rest => f.write_str("/**"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::parse(text).unwrap()
    }

    #[test]
    fn hostile_values_stay_in_one_level() {
        for (value, level) in [
            ("42", "42"),
            ("", "%"),
            (".", "%2E"),
            ("..", "%2E%2E"),
            ("...", "..."),
            ("a/b", "a%2Fb"),
            ("%", "%25"),
            ("**", "%2A%2A"),
            ("\u{e9}", "%C3%A9"),
            ("e\u{301}", "e%CC%81"),
        ] {
            assert_eq!(encode_value(value), level, "{value:?}");
        }
    }

    #[test]
    fn a_pattern_matches_its_channels() {
        assert!(pattern("/topic/a/**").matches("/topic/a"));
        assert!(pattern("/topic/a/**").matches("/topic/a/b/c"));
        assert!(!pattern("/topic/a/**").matches("/topic/ab"));
        assert!(pattern("/topic/*/c").matches("/topic/b/c"));
        assert!(!pattern("/topic/*/c").matches("/topic/b/d/c"));
        assert!(!pattern("/topic/*").matches("/topic"));
    }

    #[test]
    fn a_rule_covers_only_what_is_inside_it() {
        assert!(pattern("/topic/u/1/**").covers(&pattern("/topic/u/1")));
        assert!(pattern("/topic/u/1/**").covers(&pattern("/topic/u/1/**")));
        assert!(pattern("/topic/u/1/**").covers(&pattern("/topic/u/1/*/x")));
        assert!(!pattern("/topic/u/1/**").covers(&pattern("/topic/u/**")));
        assert!(!pattern("/topic/u/1/**").covers(&pattern("/topic/u/*")));
        assert!(!pattern("/topic/*").covers(&pattern("/topic/**")));
        assert!(!pattern("/topic/a").covers(&pattern("/topic/*")));
    }

    #[test]
    fn texts_that_are_no_pattern() {
        assert_eq!(Pattern::parse("topic"), Err(PatternError::NoSlash));
        assert_eq!(Pattern::parse("/a//b"), Err(PatternError::EmptyLevel(2)));
        assert_eq!(Pattern::parse("/a/**/b"), Err(PatternError::RestNotLast));
        assert_eq!(Pattern::parse("/a/x*"), Err(PatternError::MixedWildcard("x*".to_owned())));
        assert_eq!(Pattern::parse(&"/a".repeat(LEVELS_MAX + 1)), Err(PatternError::TooDeep));
    }

    fn any_pattern() -> impl Strategy<Value = String> {
        let level = prop_oneof![Just("a"), Just("b"), Just("*")];
        (prop::collection::vec(level, 1..4), any::<bool>())
            .prop_map(|(levels, rest)| format!("/{}{}", levels.join("/"), if rest { "/**" } else { "" }))
    }

    proptest! {
        #[test]
        fn different_values_give_different_levels(a in ".*", b in ".*") {
            prop_assert_eq!(a == b, encode_value(&a) == encode_value(&b));
        }

        #[test]
        fn covering_means_that_every_match_is_matched(
            rule in any_pattern(), asked in any_pattern(), name in "(/[abc]){1,5}",
        ) {
            let (rule, asked) = (pattern(&rule), pattern(&asked));
            if rule.covers(&asked) && asked.matches(&name) {
                prop_assert!(rule.matches(&name));
            }
        }
    }
}
