//! Globs over event types: `*` is any run of characters, dots too, so that `agent.*` takes `agent.started.v1`; `?` is one.

/// One glob.
#[derive(Clone, Debug)]
pub(super) struct Glob(Box<str>);

impl Glob {
    pub(super) fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// What a type must begin with to match.
    pub(super) fn literal_prefix(&self) -> &str {
        self.0.split(['*', '?']).next().unwrap_or_default()
    }

    /// Whether there is no wildcard in it.
    pub(super) fn is_exact(&self) -> bool {
        self.literal_prefix().len() == self.0.len()
    }

    pub(super) fn matches(&self, event_type: &str) -> bool {
        let (mut glob, mut rest) = (self.0.chars(), event_type.chars());
        // Only the last `*` need take more: what stands before it has matched as early as can be.
        let mut last_star = None;
        loop {
            let (mark, character) = (glob.clone().next(), rest.clone().next());
            if mark == Some('*') {
                glob.next();
                last_star = Some((glob.clone(), rest.clone()));
                continue;
            }
            if mark.is_none() && character.is_none() {
                return true;
            }
            if character.is_some() && (mark == character || mark == Some('?')) {
                glob.next();
                rest.next();
                continue;
            }
            let Some((after, mut taken)) = last_star else { return false };
            if taken.next().is_none() {
                return false;
            }
            (glob, rest) = (after.clone(), taken.clone());
            last_star = Some((after, taken));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(glob: &str, event_type: &str, expected: bool) {
        assert_eq!(Glob::new(glob).matches(event_type), expected, "{event_type:?} by {glob:?}");
    }

    #[test]
    fn a_star_takes_dots_too() {
        check("agent.*", "agent.started.v1", true);
        check("agent.*", "agent.", true);
        check("agent.*", "agent", false);
        check("agent.*", "agents.started", false);
        check("*", "", true);
        check("*.v1", "agent.started.v1", true);
        check("*.v1", "agent.started.v2", false);
        check("a*b*c", "aXbXbXc", true);
        check("a*b*c", "acb", false);
        check("agent.?", "agent.\u{e9}", true);
        check("agent.?", "agent.", false);
        check("agent", "agent", true);
        check("", "", true);
        check("", "a", false);
        check("Agent.*", "agent.started", false);
    }

    #[test]
    fn the_literal_prefix_ends_at_the_first_wildcard() {
        assert_eq!(Glob::new("agent.?x*").literal_prefix(), "agent.");
        assert_eq!(Glob::new("*").literal_prefix(), "");
        assert!(Glob::new("agent.started").is_exact());
        assert!(!Glob::new("agent.started*").is_exact());
    }

    fn naive(glob: &[char], text: &[char]) -> bool {
        match glob.split_first() {
            None => text.is_empty(),
            Some(('*', rest)) => (0..=text.len()).any(|taken| naive(rest, &text[taken..])),
            Some((mark, rest)) => {
                text.split_first().is_some_and(|(first, others)| (*mark == '?' || mark == first) && naive(rest, others))
            }
        }
    }

    proptest! {
        #[test]
        fn it_means_what_the_definition_says(glob in "[ab.*?]{0,8}", text in "[ab.]{0,10}") {
            let (marks, characters): (Vec<_>, Vec<_>) = (glob.chars().collect(), text.chars().collect());
            prop_assert_eq!(Glob::new(&glob).matches(&text), naive(&marks, &characters));
        }
    }
}
