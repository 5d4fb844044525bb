//! Evaluates a selector by three-valued logic: true, false, or unknown (`None`).

use std::borrow::Cow;
use std::cmp::Ordering;

use super::Operand;
use super::expression::{Arithmetic, Comparison, Expression};

type Lookup<'lookup, 'value> = &'lookup dyn Fn(&str) -> Option<Operand<'value>>;

impl Expression {
    /// Whether it holds, as a condition.
    pub(super) fn truth<'value>(&self, lookup: Lookup<'_, 'value>) -> Option<bool> {
        match self {
            Self::Not(condition) => condition.truth(lookup).map(|truth| !truth),
            Self::And(all) => decided_by(false, all.iter().map(|condition| condition.truth(lookup))),
            Self::Or(any) => decided_by(true, any.iter().map(|condition| condition.truth(lookup))),
            Self::Compare(comparison, left, right) => {
                compare(*comparison, left.value(lookup).as_ref()?, right.value(lookup).as_ref()?)
            }
            Self::Between { value, low, high, negated } => {
                let (value, low, high) = (value.value(lookup), low.value(lookup), high.value(lookup));
                let compare =
                    |comparison, bound: &Option<Operand<'_>>| compare(comparison, value.as_ref()?, bound.as_ref()?);
                // `NOT BETWEEN` is `value < low OR value > high`, which is false of what is no number.
                if *negated {
                    decided_by(true, [compare(Comparison::Less, &low), compare(Comparison::Greater, &high)])
                } else {
                    let inside = [compare(Comparison::GreaterOrEqual, &low), compare(Comparison::LessOrEqual, &high)];
                    decided_by(false, inside)
                }
            }
            Self::In { value, list, negated } => {
                let value = value.value(lookup)?;
                let found = list.iter().any(|item| compare(Comparison::Equal, &value, item) == Some(true));
                Some(found != *negated)
            }
            Self::Like { value, pattern, negated } => {
                let value = value.value(lookup)?;
                let found = matches!(&value, Operand::Text(text) if pattern.matches(text));
                Some(found != *negated)
            }
            Self::IsNull { value, negated } => Some(value.value(lookup).is_none() != *negated),
            Self::Literal(_) | Self::Name(_) | Self::Negate(_) | Self::Calculate(..) => match self.value(lookup)? {
                Operand::Boolean(truth) => Some(truth),
                _ => None,
            },
        }
    }

    /// What it comes to; `None` is NULL.
    fn value<'own, 'value: 'own>(&'own self, lookup: Lookup<'_, 'value>) -> Option<Operand<'own>> {
        match self {
            Self::Literal(Operand::Text(text)) => Some(Operand::Text(Cow::Borrowed(text))),
            Self::Literal(literal) => Some(literal.clone()),
            Self::Name(name) => lookup(name),
            Self::Negate(value) => {
                let zero = Operand::Integer(0);
                calculate(Arithmetic::Subtract, &zero, &value.value(lookup)?)
            }
            Self::Calculate(arithmetic, left, right) => {
                calculate(*arithmetic, &left.value(lookup)?, &right.value(lookup)?)
            }
            _ => self.truth(lookup).map(Operand::Boolean),
        }
    }
}

/// `OR` is decided by one true, `AND` by one false; else an unknown one leaves it unknown.
fn decided_by(decisive: bool, truths: impl IntoIterator<Item = Option<bool>>) -> Option<bool> {
    let mut result = Some(!decisive);
    for truth in truths {
        match truth {
            Some(truth) if truth == decisive => return Some(decisive),
            Some(_) => {}
            None => result = None,
        }
    }
    result
}

fn float(operand: &Operand<'_>) -> Option<f64> {
    match operand {
        Operand::Integer(number) => Some(*number as f64),
        Operand::Float(number) => Some(*number),
        _ => None,
    }
}

fn compare(comparison: Comparison, left: &Operand<'_>, right: &Operand<'_>) -> Option<bool> {
    let order = match (left, right) {
        (Operand::Integer(left), Operand::Integer(right)) => Some(left.cmp(right)),
        _ => match (float(left), float(right)) {
            (Some(left), Some(right)) => left.partial_cmp(&right),
            _ => return Some(compare_unordered(comparison, left, right)),
        },
    };
    let Some(order) = order else { return Some(false) };
    Some(match comparison {
        Comparison::Equal => order == Ordering::Equal,
        Comparison::NotEqual => order != Ordering::Equal,
        Comparison::Less => order == Ordering::Less,
        Comparison::LessOrEqual => order != Ordering::Greater,
        Comparison::Greater => order == Ordering::Greater,
        Comparison::GreaterOrEqual => order != Ordering::Less,
    })
}

/// Texts and booleans are equal or not, and nothing else; two types are neither.
fn compare_unordered(comparison: Comparison, left: &Operand<'_>, right: &Operand<'_>) -> bool {
    let equal = match (left, right) {
        (Operand::Text(left), Operand::Text(right)) => left == right,
        (Operand::Boolean(left), Operand::Boolean(right)) => left == right,
        _ => return false,
    };
    match comparison {
        Comparison::Equal => equal,
        Comparison::NotEqual => !equal,
        _ => false,
    }
}

fn calculate(arithmetic: Arithmetic, left: &Operand<'_>, right: &Operand<'_>) -> Option<Operand<'static>> {
    if let (Operand::Integer(left), Operand::Integer(right)) = (left, right) {
        let exact = match arithmetic {
            Arithmetic::Add => left.checked_add(*right),
            Arithmetic::Subtract => left.checked_sub(*right),
            Arithmetic::Multiply => left.checked_mul(*right),
            Arithmetic::Divide if left.checked_rem(*right) == Some(0) => left.checked_div(*right),
            Arithmetic::Divide => None,
        };
        if let Some(exact) = exact {
            return Some(Operand::Integer(exact));
        }
    }
    let (left, right) = (float(left)?, float(right)?);
    let result = match arithmetic {
        Arithmetic::Add => left + right,
        Arithmetic::Subtract => left - right,
        Arithmetic::Multiply => left * right,
        Arithmetic::Divide => left / right,
    };
    result.is_finite().then_some(Operand::Float(result))
}
