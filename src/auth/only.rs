//! `only = "tenantId = {tenant}"`: a condition with the claims of a token in it, which a client cannot remove.

use std::fmt::Write;
use std::sync::Arc;

use serde_json::Value;

use super::Principal;
use crate::selector::Condition;

/// So many claims may one condition name: each is tried as a text, a number and a truth value when it is read.
const CLAIMS_MAX: usize = 4;

#[derive(Debug)]
enum Piece {
    Text(String),
    Claim(String),
}

/// A condition with claims in it.
#[derive(Debug)]
pub(super) struct Only(Vec<Piece>);

impl Only {
    /// Reads a condition. Errors say what would be right.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let only = Self(split(text)?);
        let claims: Vec<&String> = only.claims().collect();
        if let Some(capture) = claims.iter().find(|name| name.starts_with('*')) {
            return Err(format!(
                "`{{{capture}}}`: captures are not supported by this version; write a claim as `{{sub}}`"
            ));
        }
        if claims.iter().any(|name| name.trim().is_empty()) {
            return Err("`{}` names no claim; write `{tenant}`".to_owned());
        }
        if claims.len() > CLAIMS_MAX {
            return Err(format!("names more than {CLAIMS_MAX} claims"));
        }
        only.can_be_read(claims.len())?;
        Ok(only)
    }

    fn claims(&self) -> impl Iterator<Item = &String> {
        self.0.iter().filter_map(|piece| if let Piece::Claim(name) = piece { Some(name) } else { None })
    }

    /// Whether some kinds of claims make a condition of it.
    fn can_be_read(&self, claims: usize) -> Result<(), String> {
        let kinds = SAMPLES.len();
        let mut first_error = None;
        for choice in 0..kinds.pow(u32::try_from(claims).unwrap_or_default()) {
            let mut left = choice;
            let mut sample = |name: &str| {
                let sample = SAMPLES[left % kinds](name);
                left /= kinds;
                Some(sample)
            };
            match Condition::parse(&self.filled(&mut sample).unwrap_or_default()) {
                Ok(_) => return Ok(()),
                Err(error) => first_error = first_error.or(Some(error)),
            }
        }
        Err(first_error.map(|error| error.to_string()).unwrap_or_default())
    }

    /// The condition for that principal; nothing where a claim is absent or no single value, or of a kind that cannot
    /// stand where it would.
    pub(super) fn for_principal(&self, principal: &Principal) -> Option<Arc<Condition>> {
        let text = self.filled(&mut |name| literal(principal, name))?;
        Condition::parse(&text).ok().map(Arc::new)
    }

    fn filled(&self, literal_of: &mut dyn FnMut(&str) -> Option<String>) -> Option<String> {
        let mut text = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(literal) => text.push_str(literal),
                Piece::Claim(name) => text.push_str(&literal_of(name)?),
            }
        }
        Some(text)
    }
}

/// Literals as wide as the braces that they stand for, so that an error's column is the config's.
const SAMPLES: [fn(&str) -> String; 3] = [
    |name| format!("'{name:x<width$}'", name = "", width = name.chars().count()),
    |name| format!("{:<width$}", 1, width = name.chars().count() + 2),
    |name| format!("{:<width$}", "TRUE", width = name.chars().count() + 2),
];

/// A claim as a literal of the language: whatever is in it, it stays one literal.
fn literal(principal: &Principal, name: &str) -> Option<String> {
    match principal.claims.get(name)? {
        Value::String(text) => {
            let mut literal = String::with_capacity(text.len() + 2);
            write!(literal, "'{}'", text.replace('\'', "''")).ok()?;
            Some(literal)
        }
        Value::Bool(truth) => Some(if *truth { "TRUE" } else { "FALSE" }.to_owned()),
        // In parentheses, so that a minus belongs to the number.
        Value::Number(_) => principal.claim_text(name).map(|number| format!("({number})")),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Braces inside of `'…'` and `"…"` are text.
fn split(text: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = vec![];
    let mut literal = String::new();
    let mut quote = None;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match (character, quote) {
            ('{', None) => {
                let (name, _) = characters
                    .as_str()
                    .split_once('}')
                    .ok_or("a `{` without its `}`; a claim is written `{tenant}`")?;
                pieces.push(Piece::Text(std::mem::take(&mut literal)));
                pieces.push(Piece::Claim(name.to_owned()));
                characters = characters.as_str()[name.len() + 1..].chars();
                continue;
            }
            ('}', None) => return Err("a `}` without its `{`; a claim is written `{tenant}`".to_owned()),
            ('\'' | '"', None) => quote = Some(character),
            (_, Some(open)) if open == character => quote = None,
            _ => {}
        }
        literal.push(character);
    }
    pieces.push(Piece::Text(literal));
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    use crate::selector::Operand;

    fn principal(claims: &Value) -> Principal {
        let claims = claims.as_object().unwrap().clone();
        Principal { user: "ana".to_owned(), claims: Arc::new(claims), expires_at: i64::MAX }
    }

    #[track_caller]
    fn filled(only: &str, claims: Value, expected: Option<&str>) {
        let condition = Only::parse(only).unwrap().for_principal(&principal(&claims));
        assert_eq!(condition.as_ref().map(|condition| condition.text()), expected, "{only} {claims}");
    }

    #[test]
    fn claims_become_literals_of_their_own_kind() {
        filled("tenantId = {tenant}", json!({ "tenant": "a" }), Some("tenantId = 'a'"));
        filled("tenantId = {tenant}", json!({ "tenant": "o'x' OR 1=1" }), Some("tenantId = 'o''x'' OR 1=1'"));
        filled("n - {level} > 0", json!({ "level": -3 }), Some("n - (-3) > 0"));
        filled("beta = {beta} OR '{x}' = x", json!({ "beta": true }), Some("beta = TRUE OR '{x}' = x"));
        filled("a IN ({https://x.y/a}, 'b')", json!({ "https://x.y/a": "a" }), Some("a IN ('a', 'b')"));
        filled("open = TRUE", json!({}), Some("open = TRUE"));
    }

    #[test]
    fn without_its_claim_or_with_one_of_a_wrong_kind_it_does_not_apply() {
        for odd in [json!({}), json!({ "level": null }), json!({ "level": [1] }), json!({ "level": { "a": 1 } })] {
            filled("amount > {level}", odd, None);
        }
        filled("amount > {level}", json!({ "level": "five" }), None);
        filled("name = {name}", json!({ "name": "x".repeat(5_000) }), None);
    }

    #[test]
    fn errors_point_at_the_place() {
        let refused = |text: &str| Only::parse(text).unwrap_err();
        assert!(refused("tenantId == {tenant}").starts_with("column 10:"), "{}", refused("tenantId == {tenant}"));
        assert!(refused("a = {tenant} b").starts_with("column 14:"), "{}", refused("a = {tenant} b"));
        assert!(refused("owner({*order}) = {sub}").contains("not supported"));
        assert!(refused("a = {").contains("without its"));
        assert!(refused("a = }").contains("without its"));
        assert!(refused("a = {}").contains("names no claim"));
        assert!(refused("{a} = {b} AND {c} = {d} AND {e} = 1").contains("more than 4"));
    }

    proptest! {
        #[test]
        fn whatever_a_claim_holds_it_is_compared_as_a_whole(claim in any::<String>(), other in any::<String>()) {
            let only = Only::parse("tenant = {tenant} AND 1 = 1").unwrap();
            let condition = only.for_principal(&principal(&json!({ "tenant": claim })));
            let condition = condition.unwrap();
            let holds = |value: &str| condition.holds(&|_| Some(Operand::Text(value.to_owned().into())));
            prop_assert!(holds(&claim));
            prop_assert_eq!(holds(&other), claim == other);
        }
    }
}
