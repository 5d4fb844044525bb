//! `LIKE` patterns, matched in one pass over the value.

/// The longest run with a `_` in it between two `%`: what fits into one machine word while searching.
const SEARCH_MAX: usize = 64;

/// One character of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    /// `_`: any one.
    One,
    Is(char),
}

/// A pattern, cut at its `%`.
#[derive(Clone, Debug)]
pub(super) struct Like {
    start: Vec<Mark>,
    middle: Vec<Search>,
    /// What stands after the last `%`; `None` where there is no `%`, and the start is all.
    end: Option<Vec<Mark>>,
}

impl Like {
    pub(super) fn new(pattern: &str, escape: Option<char>) -> Result<Self, String> {
        let mut runs = vec![Vec::new()];
        let mut characters = pattern.chars();
        while let Some(character) = characters.next() {
            let mark = match character {
                _ if Some(character) == escape => Mark::Is(
                    characters.next().ok_or("a pattern does not end in its escape character: nothing follows it")?,
                ),
                '%' => {
                    runs.push(Vec::new());
                    continue;
                }
                '_' => Mark::One,
                _ => Mark::Is(character),
            };
            runs.last_mut().expect("there is always a first run").push(mark);
        }
        let end = if runs.len() > 1 { runs.pop() } else { None };
        let start = runs.remove(0);
        let middle = runs.iter().filter(|run| !run.is_empty()).map(|run| Search::new(run)).collect::<Result<_, _>>()?;
        Ok(Self { start, middle, end })
    }

    pub(super) fn matches(&self, value: &str) -> bool {
        let Some(rest) = strip_start(&self.start, value) else { return false };
        let Some(end) = &self.end else { return rest.is_empty() };
        let Some(rest) = strip_end(end, rest) else { return false };
        // The leftmost place of each run leaves the most for those that follow, so no other place need be tried.
        self.middle.iter().try_fold(rest, |rest, run| run.after(rest)).is_some()
    }
}

fn fits(mark: Mark, character: char) -> bool {
    mark == Mark::One || mark == Mark::Is(character)
}

fn strip_start<'value>(marks: &[Mark], value: &'value str) -> Option<&'value str> {
    let mut characters = value.chars();
    let fit = marks.iter().all(|mark| characters.next().is_some_and(|character| fits(*mark, character)));
    fit.then_some(characters.as_str())
}

fn strip_end<'value>(marks: &[Mark], value: &'value str) -> Option<&'value str> {
    let mut characters = value.chars();
    let mut marks = marks.iter().rev();
    let fit = marks.all(|mark| characters.next_back().is_some_and(|character| fits(*mark, character)));
    fit.then_some(characters.as_str())
}

/// Finds a run anywhere in a text, in time that depends on the text's length alone.
#[derive(Clone, Debug)]
enum Search {
    Text(String),
    /// Bit `n` of a character's mask says that it fits the run's character `n`; `wild` are the bits that every one fits.
    Masks {
        of: Vec<(char, u64)>,
        wild: u64,
        last: u64,
    },
}

impl Search {
    fn new(run: &[Mark]) -> Result<Self, String> {
        let text: Option<String> =
            run.iter().map(|mark| if let Mark::Is(character) = mark { Some(*character) } else { None }).collect();
        if let Some(text) = text {
            return Ok(Self::Text(text));
        }
        if run.len() > SEARCH_MAX {
            return Err(format!("between two `%` a pattern with `_` has at most {SEARCH_MAX} characters"));
        }
        let bits = |wanted: Mark| {
            let places = run.iter().enumerate().filter(|(_, mark)| **mark == wanted);
            places.fold(0, |bits, (place, _)| bits | 1_u64 << place)
        };
        let mut of: Vec<_> = run
            .iter()
            .filter_map(|mark| if let Mark::Is(character) = mark { Some((*character, bits(*mark))) } else { None })
            .collect();
        of.sort_unstable();
        of.dedup();
        Ok(Self::Masks { of, wild: bits(Mark::One), last: 1 << (run.len() - 1) })
    }

    /// What follows the leftmost place where the run stands.
    fn after<'text>(&self, text: &'text str) -> Option<&'text str> {
        match self {
            Self::Text(run) => text.find(run.as_str()).and_then(|at| text.get(at + run.len()..)),
            Self::Masks { of, wild, last } => {
                let mut begun = 0_u64;
                let mut characters = text.chars();
                while let Some(character) = characters.next() {
                    let own = of.binary_search_by_key(&character, |(known, _)| *known).map_or(0, |at| of[at].1);
                    begun = (begun << 1 | 1) & (own | wild);
                    if begun & last != 0 {
                        return Some(characters.as_str());
                    }
                }
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(pattern: &str, value: &str, expected: bool) {
        let like = Like::new(pattern, Some('\\')).unwrap();
        assert_eq!(like.matches(value), expected, "{value:?} LIKE {pattern:?}");
    }

    #[test]
    fn percent_is_any_run_and_underscore_one_character() {
        check("agent.%", "agent.started.v1", true);
        check("agent.%", "agent", false);
        check("%.v1", "agent.started.v1", true);
        check("12%3", "123", true);
        check("12%3", "12993", true);
        check("12%3", "1234", false);
        check("l_se", "lose", true);
        check("l_se", "loose", false);
        check("_", "\u{e9}", true);
        check("", "", true);
        check("", "a", false);
        check("%", "", true);
        check("%%", "abc", true);
        check("a%a", "a", false);
        check("%a_c%e%", "xxabaacxxe", true);
    }

    #[test]
    fn an_escaped_character_stands_for_itself() {
        check(r"\_%", "_foo", true);
        check(r"\_%", "bar", false);
        check(r"100\%", "100%", true);
        check(r"a\\b", r"a\b", true);
        assert!(Like::new(r"abc\", Some('\\')).is_err());
    }

    #[test]
    fn a_search_with_wildcards_fits_into_one_word() {
        let run = format!("_{}", "a".repeat(SEARCH_MAX - 1));
        assert!(Like::new(&format!("%{run}%"), None).unwrap().matches(&format!("zz{}", "a".repeat(SEARCH_MAX))));
        assert!(Like::new(&format!("%{run}a%"), None).is_err());
        assert!(Like::new(&format!("{run}a%"), None).is_ok(), "what is anchored is not searched");
    }

    /// The definition, without any cleverness.
    fn naive(pattern: &[char], value: &[char]) -> bool {
        match pattern.split_first() {
            None => value.is_empty(),
            Some(('%', rest)) => (0..=value.len()).any(|skipped| naive(rest, &value[skipped..])),
            Some((mark, rest)) => value
                .split_first()
                .is_some_and(|(first, others)| (*mark == '_' || mark == first) && naive(rest, others)),
        }
    }

    proptest! {
        #[test]
        fn it_means_what_the_definition_says(pattern in "[ab\u{e9}_%]{0,8}", value in "[ab\u{e9}]{0,10}") {
            let (marks, characters): (Vec<_>, Vec<_>) = (pattern.chars().collect(), value.chars().collect());
            prop_assert_eq!(Like::new(&pattern, None).unwrap().matches(&value), naive(&marks, &characters));
        }
    }
}
