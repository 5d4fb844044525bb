//! A selector as a tree, its types checked as far as the text tells them.

use super::Operand;
use super::like::Like;

/// `=` and its kin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    pub(super) fn from_symbol(symbol: &str) -> Option<Self> {
        Some(match symbol {
            "=" => Self::Equal,
            "<>" => Self::NotEqual,
            "<" => Self::Less,
            "<=" => Self::LessOrEqual,
            ">" => Self::Greater,
            ">=" => Self::GreaterOrEqual,
            _ => return None,
        })
    }

    /// Whether it asks for an order, which only numbers have.
    pub(super) const fn is_ordering(self) -> bool {
        !matches!(self, Self::Equal | Self::NotEqual)
    }
}

/// `+` and its kin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
}

impl Arithmetic {
    pub(super) fn from_symbol(symbol: &str) -> Option<Self> {
        Some(match symbol {
            "+" => Self::Add,
            "-" => Self::Subtract,
            "*" => Self::Multiply,
            "/" => Self::Divide,
            _ => return None,
        })
    }
}

/// One node. `AND` and `OR` hold all their conditions side by side, so that a long list of them is not a deep tree.
#[derive(Clone, Debug)]
pub(super) enum Expression {
    Literal(Operand<'static>),
    Name(Box<str>),
    Negate(Box<Expression>),
    Calculate(Arithmetic, Box<Expression>, Box<Expression>),
    Compare(Comparison, Box<Expression>, Box<Expression>),
    Between { value: Box<Expression>, low: Box<Expression>, high: Box<Expression>, negated: bool },
    In { value: Box<Expression>, list: Vec<Operand<'static>>, negated: bool },
    Like { value: Box<Expression>, pattern: Like, negated: bool },
    IsNull { value: Box<Expression>, negated: bool },
    Not(Box<Expression>),
    And(Vec<Expression>),
    Or(Vec<Expression>),
}

/// What an expression is before any event is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name: only the event tells.
    Any,
    Number,
    Text,
    Condition,
}

impl Kind {
    /// How an error calls it.
    pub(super) const fn noun(self) -> &'static str {
        match self {
            Self::Any => "a name",
            Self::Number => "a number",
            Self::Text => "a text",
            Self::Condition => "a condition",
        }
    }
}

impl Expression {
    pub(super) const fn kind(&self) -> Kind {
        match self {
            Self::Name(_) | Self::Literal(Operand::Other) => Kind::Any,
            Self::Literal(Operand::Text(_)) => Kind::Text,
            Self::Literal(Operand::Integer(_) | Operand::Float(_)) | Self::Negate(_) | Self::Calculate(..) => {
                Kind::Number
            }
            _ => Kind::Condition,
        }
    }
}
