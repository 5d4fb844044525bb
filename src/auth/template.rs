//! `/topic/user/{sub}/**`: a channel pattern with the claims of a token in it.

use crate::auth::Principal;
use crate::channel::{self, Pattern, PatternError};

/// Why a text is no template.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum TemplateError {
    #[error("{0}")]
    Pattern(#[from] PatternError),
    #[error("a `{{` without its `}}`, or the other way round; a claim is written `{{sub}}`")]
    Brace,
    #[error("`{{}}` names no claim; write `{{sub}}`")]
    Empty,
    #[error("`{{{0}}}`: this version has no captures; write `*`, or a claim as `{{sub}}`")]
    Capture(String),
    #[error(
        "`{{{0}}}` and the claim before it run together, so that two users could meet in one channel; put a `/` between"
    )]
    Adjacent(String),
    #[error("a `%` beside a claim in one level could make one user's channel of another's; put a `/` between")]
    Percent,
    #[error("`/user/…` is each user's own view of `/topic/user/{{sub}}/…`; open that")]
    UserView,
}

#[derive(Debug)]
enum Piece {
    Text(String),
    Claim(String),
}

/// A channel pattern with claims in it.
#[derive(Debug)]
pub(super) enum Template {
    /// No claims: read once.
    Fixed(Pattern),
    /// To be filled in for each principal.
    Claims(Claims),
}

/// The pieces of a template, some of them claims.
#[derive(Debug)]
pub(super) struct Claims(Vec<Piece>);

impl Template {
    pub(super) fn parse(text: &str) -> Result<Self, TemplateError> {
        let pieces = split(text)?;
        check_levels(&pieces)?;
        // Every value becomes one literal level or a part of one, as this does.
        let sample: String =
            pieces.iter().map(|piece| if let Piece::Text(text) = piece { text } else { "x" }).collect();
        let pattern = Pattern::parse(&sample)?;
        if text == "/user" || text.starts_with("/user/") {
            return Err(TemplateError::UserView);
        }
        if pieces.iter().all(|piece| matches!(piece, Piece::Text(_))) {
            return Ok(Self::Fixed(pattern));
        }
        Ok(Self::Claims(Claims(pieces)))
    }

    /// Whether all that is wanted is within what the template opens to the principal.
    pub(super) fn covers(&self, principal: &Principal, wanted: &Pattern) -> bool {
        match self {
            Self::Fixed(pattern) => pattern.covers(wanted),
            Self::Claims(claims) => claims.fill_in(principal).is_some_and(|pattern| pattern.covers(wanted)),
        }
    }

    /// Every channel that the template opens to somebody, and maybe more: a level with a claim in it stands for any.
    pub(super) fn widest(&self) -> Option<Pattern> {
        let pieces = match self {
            Self::Fixed(pattern) => return Some(pattern.clone()),
            Self::Claims(Claims(pieces)) => pieces,
        };
        // No text of a template has a NUL where it would be taken for a claim: such a level is widened as well.
        let marked: String =
            pieces.iter().map(|piece| if let Piece::Text(text) = piece { text } else { "\0" }).collect();
        let levels: Vec<&str> = marked.split('/').map(|level| if level.contains('\0') { "*" } else { level }).collect();
        Pattern::parse(&levels.join("/")).ok()
    }
}

impl Claims {
    /// Nothing, where a claim is absent or no single value. Values are encoded: none brings a slash or a wildcard.
    fn fill_in(&self, principal: &Principal) -> Option<Pattern> {
        let mut text = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(literal) => text.push_str(literal),
                Piece::Claim(name) => channel::encode_value_into(&principal.claim_text(name)?, &mut text),
            }
        }
        Pattern::parse(&text).ok()
    }
}

/// Claim names may hold slashes (`{https://example.com/tenant}`), so braces are found before levels.
fn split(text: &str) -> Result<Vec<Piece>, TemplateError> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (literal, braced) = rest.split_at(at);
        let (name, after) =
            braced.strip_prefix('{').and_then(|braced| braced.split_once('}')).ok_or(TemplateError::Brace)?;
        if name.contains('{') {
            return Err(TemplateError::Brace);
        }
        if name.trim().is_empty() {
            return Err(TemplateError::Empty);
        }
        if name.starts_with('*') {
            return Err(TemplateError::Capture(name.to_owned()));
        }
        pieces.push(Piece::Text(literal.to_owned()));
        pieces.push(Piece::Claim(name.to_owned()));
        rest = after;
    }
    pieces.push(Piece::Text(rest.to_owned()));
    Ok(pieces)
}

/// No two sets of claims may give the same level: `{tenant}-{sub}` is the same for `a-b`, `c` and for `a`, `b-c`.
fn check_levels(pieces: &[Piece]) -> Result<(), TemplateError> {
    let mut in_one_level = false;
    let mut percent = false;
    for piece in pieces {
        match piece {
            Piece::Claim(name) if in_one_level => return Err(TemplateError::Adjacent(name.clone())),
            Piece::Claim(_) if percent => return Err(TemplateError::Percent),
            Piece::Claim(_) => in_one_level = true,
            Piece::Text(text) => {
                let first_level = text.split('/').next().unwrap_or_default();
                if in_one_level && first_level.contains('%') {
                    return Err(TemplateError::Percent);
                }
                in_one_level &= !text.contains(is_never_in_a_value);
                percent = text.rsplit('/').next().is_some_and(|last_level| last_level.contains('%'));
            }
        }
    }
    Ok(())
}

/// Whether an encoded value never has this character, so that it parts two of them.
fn is_never_in_a_value(character: char) -> bool {
    !character.is_ascii_alphanumeric() && !"._~%-".contains(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(text: &str, expected: TemplateError) {
        assert_eq!(Template::parse(text).unwrap_err(), expected, "{text}");
    }

    #[test]
    fn texts_that_are_no_template() {
        refused("topic/{sub}", TemplateError::Pattern(PatternError::NoSlash));
        refused("/topic//{sub}", TemplateError::Pattern(PatternError::EmptyLevel(2)));
        refused("/topic/**/{sub}", TemplateError::Pattern(PatternError::RestNotLast));
        refused("/topic/*{sub}", TemplateError::Pattern(PatternError::MixedWildcard("*x".to_owned())));
        refused("/topic/{sub", TemplateError::Brace);
        refused("/topic/sub}", TemplateError::Brace);
        refused("/topic/{a{b}}", TemplateError::Brace);
        refused("/topic/{}", TemplateError::Empty);
        refused("/topic/{*order}/**", TemplateError::Capture("*order".to_owned()));
        refused("/user/**", TemplateError::UserView);
    }

    #[test]
    fn templates_that_could_mix_up_users() {
        refused("/topic/{tenant}{sub}", TemplateError::Adjacent("sub".to_owned()));
        refused("/topic/{tenant}-{sub}", TemplateError::Adjacent("sub".to_owned()));
        refused("/topic/%{sub}", TemplateError::Percent);
        refused("/topic/{sub}%41", TemplateError::Percent);
        assert!(Template::parse("/topic/{tenant}:{sub}").is_ok());
        assert!(Template::parse("/topic/{tenant}/{sub}").is_ok());
        assert!(Template::parse("/topic/a%2Fb/{sub}").is_ok());
        assert!(Template::parse("/topic/{sub}/a%2Fb").is_ok());
        assert!(Template::parse("/topic/user-{sub}/**").is_ok());
    }

    #[test]
    fn at_its_widest_a_claim_is_any_level() {
        let widest = |text| Template::parse(text).unwrap().widest().unwrap().to_string();
        assert_eq!(widest("/topic/room/**"), "/topic/room/**");
        assert_eq!(widest("/topic/{https://a/b}/user-{sub}/x"), "/topic/*/*/x");
    }

    #[test]
    fn without_claims_it_is_read_once() {
        assert!(matches!(Template::parse("/topic/system"), Ok(Template::Fixed(_))));
        assert!(matches!(Template::parse("/topic/{https://example.com/tenant}/**"), Ok(Template::Claims(_))));
    }
}
