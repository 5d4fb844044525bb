//! Splits a selector into words, literals and symbols.

use std::fmt;

use super::{BYTES_MAX, SelectorError};

const KEYWORDS: [&str; 11] = ["AND", "OR", "NOT", "BETWEEN", "IN", "LIKE", "ESCAPE", "IS", "NULL", "TRUE", "FALSE"];

/// The longer ones first, so that `<=` is not read as `<`.
const SYMBOLS: [&str; 13] = ["<>", "<=", ">=", "=", "<", ">", "+", "-", "*", "/", "(", ")", ","];

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Keyword(&'static str),
    Symbol(&'static str),
    Name(String),
    Text(String),
    /// A whole number without its sign; `-9223372036854775808` is one only together with it.
    Exact(u64),
    Approximate(f64),
    End,
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keyword(text) | Self::Symbol(text) => write!(f, "`{text}`"),
            Self::Name(name) => write!(f, "the name `{name}`"),
            Self::Text(_) => f.write_str("a text"),
            Self::Exact(_) | Self::Approximate(_) => f.write_str("a number"),
            Self::End => f.write_str("the end"),
        }
    }
}

/// A token and the number of its first character, from 1.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub(super) token: Token,
    pub(super) column: usize,
}

/// All tokens; the last is always [`Token::End`].
pub(super) fn tokens(text: &str) -> Result<Vec<Placed>, SelectorError> {
    if text.len() > BYTES_MAX {
        let message = format!("a selector has at most {BYTES_MAX} octets, and this one has {}", text.len());
        return Err(SelectorError { column: 1, message });
    }
    let mut lexer = Lexer { characters: text.chars().collect(), next: 0 };
    let mut tokens = Vec::new();
    loop {
        lexer.take_while(char::is_whitespace);
        let column = lexer.next + 1;
        let token = lexer.token().map_err(|message| SelectorError { column, message })?;
        let is_end = token == Token::End;
        tokens.push(Placed { token, column });
        if is_end {
            return Ok(tokens);
        }
    }
}

struct Lexer {
    characters: Vec<char>,
    next: usize,
}

fn starts_name(character: char) -> bool {
    character.is_alphabetic() || matches!(character, '_' | '$')
}

fn continues_name(character: char) -> bool {
    starts_name(character) || character.is_numeric() || character == '.'
}

impl Lexer {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.characters.get(self.next + ahead).copied()
    }

    fn take_while(&mut self, accept: impl Fn(char) -> bool) -> String {
        let rest = self.characters.get(self.next..).unwrap_or_default();
        let taken: String = rest.iter().copied().take_while(|character| accept(*character)).collect();
        self.next += taken.chars().count();
        taken
    }

    fn token(&mut self) -> Result<Token, String> {
        let Some(first) = self.peek(0) else { return Ok(Token::End) };
        match first {
            '\'' => self.quoted('\'').map(Token::Text),
            '"' => match self.quoted('"')? {
                name if name.is_empty() => Err("a name in double quotes is not empty".to_owned()),
                name => Ok(Token::Name(name)),
            },
            _ if starts_name(first) => Ok(self.word()),
            '0'..='9' => self.number(),
            '.' if self.peek(1).is_some_and(|next| next.is_ascii_digit()) => self.number(),
            _ => self.symbol(first),
        }
    }

    /// A text between two marks; a doubled mark stands for itself.
    fn quoted(&mut self, mark: char) -> Result<String, String> {
        self.next += 1;
        let mut text = String::new();
        while let Some(character) = self.peek(0) {
            self.next += 1;
            if character != mark {
                text.push(character);
            } else if self.peek(0) == Some(mark) {
                text.push(mark);
                self.next += 1;
            } else {
                return Ok(text);
            }
        }
        Err(format!("what begins here has no closing {mark}"))
    }

    fn word(&mut self) -> Token {
        let mut word = self.take_while(continues_name);
        while self.peek(0) == Some('-') && self.peek(1).is_some_and(starts_name) {
            self.next += 1;
            word.push('-');
            word.push_str(&self.take_while(continues_name));
        }
        match KEYWORDS.iter().find(|keyword| keyword.eq_ignore_ascii_case(&word)) {
            Some(keyword) => Token::Keyword(keyword),
            None => Token::Name(word),
        }
    }

    fn number(&mut self) -> Result<Token, String> {
        let is_digit = |character: char| character.is_ascii_digit();
        let mut text = self.take_while(is_digit);
        let whole = text.len();
        if self.peek(0) == Some('.') {
            self.next += 1;
            text.push('.');
            text.push_str(&self.take_while(is_digit));
        }
        let sign = matches!(self.peek(1), Some('+' | '-'));
        let has_exponent = self.peek(1 + usize::from(sign)).is_some_and(is_digit);
        if matches!(self.peek(0), Some('e' | 'E')) && has_exponent {
            text.extend(['e', if self.peek(1) == Some('-') { '-' } else { '+' }]);
            self.next += 1 + usize::from(sign);
            text.push_str(&self.take_while(is_digit));
        }
        if let Some(next) = self.peek(0).filter(|next| continues_name(*next)) {
            return Err(format!(
                "a number does not run into `{next}`; a name that begins with a digit stands in \"…\""
            ));
        }
        if let (true, Ok(exact)) = (text.len() == whole, text.parse()) {
            return Ok(Token::Exact(exact));
        }
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Token::Approximate(number)),
            _ => Err("this number is too large".to_owned()),
        }
    }

    fn symbol(&mut self, first: char) -> Result<Token, String> {
        let rest = |length: usize| (0..length).filter_map(|ahead| self.peek(ahead)).collect::<String>();
        match rest(2).as_str() {
            "!=" => return Err("`!=` is written `<>` here".to_owned()),
            "==" => return Err("`==` is written `=` here".to_owned()),
            _ => {}
        }
        let Some(symbol) = SYMBOLS.iter().find(|symbol| rest(symbol.len()) == **symbol) else {
            return Err(format!(
                "`{}` has no meaning here; texts stand in '…', unusual names in \"…\"",
                first.escape_debug()
            ));
        };
        self.next += symbol.len();
        Ok(Token::Symbol(symbol))
    }
}
