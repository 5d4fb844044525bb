//! Reads a selector into a tree, one function for each level of precedence.

use std::borrow::Cow;

use super::expression::{Arithmetic, Comparison, Expression, Kind};
use super::like::Like;
use super::token::{Placed, Token, tokens};
use super::{DEPTH_MAX, NODES_MAX, Operand, SelectorError};

type Result<T> = std::result::Result<T, SelectorError>;

/// Reads a whole selector.
pub(super) fn parse(text: &str) -> Result<Expression> {
    let mut parser = Parser { tokens: tokens(text)?, next: 0, depth: 0, nodes: 0 };
    let column = parser.column();
    let condition = parser.any_of()?;
    if *parser.peek() != Token::End {
        return Err(parser.expected("`AND`, `OR` or the end"));
    }
    need_condition(&condition, column)?;
    Ok(condition)
}

struct Parser {
    tokens: Vec<Placed>,
    next: usize,
    depth: usize,
    nodes: usize,
}

impl Parser {
    fn peek(&self) -> &Token {
        self.tokens.get(self.next).map_or(&Token::End, |placed| &placed.token)
    }

    fn column(&self) -> usize {
        self.tokens.get(self.next).or(self.tokens.last()).map_or(1, |placed| placed.column)
    }

    fn expected(&self, what: &str) -> SelectorError {
        error(self.column(), format!("{what} is expected here, not {}", self.peek()))
    }

    /// Steps over that keyword or symbol, if it is next.
    fn accept(&mut self, word: &'static str) -> bool {
        let found = matches!(self.peek(), Token::Keyword(text) | Token::Symbol(text) if *text == word);
        self.next += usize::from(found);
        found
    }

    fn expect(&mut self, word: &'static str) -> Result<()> {
        if self.accept(word) { Ok(()) } else { Err(self.expected(&format!("`{word}`"))) }
    }

    /// Counts a part of the tree.
    fn count(&mut self) -> Result<()> {
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            let message = format!("a selector has at most {NODES_MAX} literals, names and operators");
            return Err(error(self.column(), message));
        }
        Ok(())
    }

    fn node(&mut self, expression: Expression) -> Result<Expression> {
        self.count().map(|()| expression)
    }

    /// Goes one level deeper.
    fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth == DEPTH_MAX {
            return Err(error(self.column(), format!("a selector is nested at most {DEPTH_MAX} deep")));
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    fn any_of(&mut self) -> Result<Expression> {
        self.chain("OR", Self::all_of, Expression::Or)
    }

    fn all_of(&mut self) -> Result<Expression> {
        self.chain("AND", Self::not, Expression::And)
    }

    fn chain(
        &mut self,
        word: &'static str,
        read: fn(&mut Self) -> Result<Expression>,
        join: fn(Vec<Expression>) -> Expression,
    ) -> Result<Expression> {
        let column = self.column();
        let first = read(self)?;
        if !self.accept(word) {
            return Ok(first);
        }
        need_condition(&first, column)?;
        let mut all = vec![first];
        loop {
            let column = self.column();
            let next = read(self)?;
            need_condition(&next, column)?;
            self.count()?;
            all.push(next);
            if !self.accept(word) {
                return Ok(join(all));
            }
        }
    }

    fn not(&mut self) -> Result<Expression> {
        if !self.accept("NOT") {
            return self.comparison();
        }
        let column = self.column();
        let condition = self.nested(Self::not)?;
        need_condition(&condition, column)?;
        self.node(Expression::Not(Box::new(condition)))
    }

    fn comparison(&mut self) -> Result<Expression> {
        let column = self.column();
        let value = self.sum()?;
        if let Token::Symbol(symbol) = *self.peek()
            && let Some(comparison) = Comparison::from_symbol(symbol)
        {
            self.next += 1;
            return self.compare(comparison, symbol, value, column);
        }
        if self.accept("IS") {
            let negated = self.accept("NOT");
            if !self.accept("NULL") {
                return Err(self.expected(if negated { "`NULL`" } else { "`NULL` or `NOT NULL`" }));
            }
            return self.node(Expression::IsNull { value: Box::new(value), negated });
        }
        let negated = self.accept("NOT");
        if self.accept("BETWEEN") {
            self.between(value, negated, column)
        } else if self.accept("IN") {
            self.among(value, negated)
        } else if self.accept("LIKE") {
            self.like(value, negated, column)
        } else if negated {
            Err(self.expected("`BETWEEN`, `IN` or `LIKE`"))
        } else {
            Ok(value)
        }
    }

    fn compare(&mut self, comparison: Comparison, symbol: &str, left: Expression, column: usize) -> Result<Expression> {
        let right_column = self.column();
        let right = self.sum()?;
        if comparison.is_ordering() {
            need_number(&left, column, symbol)?;
            need_number(&right, right_column, symbol)?;
        }
        self.node(Expression::Compare(comparison, Box::new(left), Box::new(right)))
    }

    fn between(&mut self, value: Expression, negated: bool, column: usize) -> Result<Expression> {
        need_number(&value, column, "BETWEEN")?;
        let low_column = self.column();
        let low = self.sum()?;
        need_number(&low, low_column, "BETWEEN")?;
        self.expect("AND")?;
        let high_column = self.column();
        let high = self.sum()?;
        need_number(&high, high_column, "BETWEEN")?;
        let (value, low, high) = (Box::new(value), Box::new(low), Box::new(high));
        self.node(Expression::Between { value, low, high, negated })
    }

    fn among(&mut self, value: Expression, negated: bool) -> Result<Expression> {
        self.expect("(")?;
        let mut list = Vec::new();
        loop {
            let column = self.column();
            let Expression::Literal(literal) = self.sum()? else {
                return Err(error(column, "the list of `IN` holds literals only: `('a', 'b')`".to_owned()));
            };
            list.push(literal);
            if self.accept(")") {
                return self.node(Expression::In { value: Box::new(value), list, negated });
            }
            if !self.accept(",") {
                return Err(self.expected("`,` or `)`"));
            }
        }
    }

    fn like(&mut self, value: Expression, negated: bool, column: usize) -> Result<Expression> {
        if !matches!(value.kind(), Kind::Any | Kind::Text) {
            return Err(error(column, format!("`LIKE` takes a name or a text, not {}", value.kind().noun())));
        }
        let pattern_column = self.column();
        let pattern = self.text("a pattern in '…'")?;
        let mut escape = None;
        if self.accept("ESCAPE") {
            let column = self.column();
            let text = self.text("one character in '…'")?;
            let mut characters = text.chars();
            let (Some(character), None) = (characters.next(), characters.next()) else {
                return Err(error(column, "`ESCAPE` takes exactly one character, as '\\'".to_owned()));
            };
            escape = Some(character);
        }
        let pattern = Like::new(&pattern, escape).map_err(|message| error(pattern_column, message))?;
        self.count()?;
        self.node(Expression::Like { value: Box::new(value), pattern, negated })
    }

    fn text(&mut self, what: &str) -> Result<String> {
        let Token::Text(text) = self.peek() else { return Err(self.expected(what)) };
        let text = text.clone();
        self.next += 1;
        Ok(text)
    }

    fn sum(&mut self) -> Result<Expression> {
        self.calculation(&["+", "-"], Self::product)
    }

    fn product(&mut self) -> Result<Expression> {
        self.calculation(&["*", "/"], Self::signed)
    }

    fn calculation(&mut self, symbols: &[&str], read: fn(&mut Self) -> Result<Expression>) -> Result<Expression> {
        let column = self.column();
        let mut left = read(self)?;
        while let Token::Symbol(symbol) = *self.peek()
            && symbols.contains(&symbol)
            && let Some(arithmetic) = Arithmetic::from_symbol(symbol)
        {
            self.next += 1;
            need_number(&left, column, symbol)?;
            let right_column = self.column();
            let right = read(self)?;
            need_number(&right, right_column, symbol)?;
            left = self.node(Expression::Calculate(arithmetic, Box::new(left), Box::new(right)))?;
        }
        Ok(left)
    }

    fn signed(&mut self) -> Result<Expression> {
        let is_minus = *self.peek() == Token::Symbol("-");
        if !is_minus && *self.peek() != Token::Symbol("+") {
            return self.primary();
        }
        self.next += 1;
        if is_minus && let Some(number) = negative(self.peek()) {
            self.next += 1;
            return self.node(Expression::Literal(number));
        }
        let column = self.column();
        let value = self.nested(Self::signed)?;
        need_number(&value, column, if is_minus { "-" } else { "+" })?;
        if is_minus { self.node(Expression::Negate(Box::new(value))) } else { Ok(value) }
    }

    fn primary(&mut self) -> Result<Expression> {
        let literal = match self.peek() {
            Token::Symbol("(") => {
                self.next += 1;
                let inner = self.nested(Self::any_of)?;
                self.expect(")")?;
                return Ok(inner);
            }
            Token::Name(name) => Expression::Name(name.as_str().into()),
            Token::Text(text) => Expression::Literal(Operand::Text(Cow::Owned(text.clone()))),
            Token::Exact(number) => Expression::Literal(positive(*number)),
            Token::Approximate(number) => Expression::Literal(Operand::Float(*number)),
            Token::Keyword("TRUE") => Expression::Literal(Operand::Boolean(true)),
            Token::Keyword("FALSE") => Expression::Literal(Operand::Boolean(false)),
            Token::Keyword("NULL") => return Err(self.expected("a value (`NULL` only stands in `IS [NOT] NULL`)")),
            _ => return Err(self.expected("a name, a literal or `(`")),
        };
        self.next += 1;
        self.node(literal)
    }
}

fn error(column: usize, message: String) -> SelectorError {
    SelectorError { column, message }
}

fn positive(number: u64) -> Operand<'static> {
    i64::try_from(number).map_or(Operand::Float(number as f64), Operand::Integer)
}

/// The literal after a minus, sign and number together: the smallest whole number has no positive twin.
fn negative(token: &Token) -> Option<Operand<'static>> {
    match token {
        Token::Exact(number) => {
            Some(0_i64.checked_sub_unsigned(*number).map_or(Operand::Float(-(*number as f64)), Operand::Integer))
        }
        Token::Approximate(number) => Some(Operand::Float(-number)),
        _ => None,
    }
}

fn need_condition(expression: &Expression, column: usize) -> Result<()> {
    match expression.kind() {
        Kind::Condition | Kind::Any => Ok(()),
        kind => {
            Err(error(column, format!("a condition is expected here, not {}: compare it with something", kind.noun())))
        }
    }
}

fn need_number(expression: &Expression, column: usize, symbol: &str) -> Result<()> {
    match expression.kind() {
        Kind::Number | Kind::Any => Ok(()),
        kind => Err(error(column, format!("`{symbol}` takes numbers only, not {}", kind.noun()))),
    }
}
