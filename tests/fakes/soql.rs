//! A small SOQL: the language as documented, over records in memory. Whatever the vendor would not understand is refused.

use lead_router_core::time::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

pub type Record = Map<String, Value>;

/// Who has the records.
pub trait Tables {
    fn records(&self, object: &str) -> Option<&[Record]>;
    /// Whether an object has a field.
    fn has_field(&self, object: &str, field: &str) -> bool;
    /// The record that a relation of a record leads to: type and record.
    fn related(&self, object: &str, record: &Record, relation: &str) -> Result<Option<(&str, &Record)>, String>;
    /// Object and field of a relation to children.
    fn children(&self, object: &str, relation: &str) -> Option<(&'static str, &'static str)>;
}

/// An error: code and message.
pub type Refused = (&'static str, String);

fn malformed(message: impl Into<String>) -> Refused {
    ("MALFORMED_QUERY", message.into())
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    /// A text: letters, and whether each was escaped.
    Text(Vec<(char, bool)>),
    Sign(String),
}

#[derive(Debug)]
enum Field {
    Path(String),
    Sub(Box<Query>),
}

#[derive(Debug)]
enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Compare(String, String, Token),
    In(String, BTreeSet<Option<String>>),
    Within(String, Box<Query>),
}

#[derive(Debug)]
pub struct Query {
    fields: Vec<Field>,
    from: String,
    condition: Option<Condition>,
    order: Vec<(String, bool)>,
    limit: Option<usize>,
}

fn tokens(text: &str) -> Result<Vec<Token>, Refused> {
    let letters: Vec<char> = text.chars().collect();
    let (mut tokens, mut at) = (Vec::new(), 0);
    while let Some(letter) = letters.get(at).copied() {
        at += 1;
        match letter {
            ' ' => {}
            '\'' => {
                let mut value = Vec::new();
                loop {
                    let letter = letters.get(at).copied().ok_or_else(|| malformed("unclosed text"))?;
                    at += 1;
                    match letter {
                        '\'' => break,
                        '\\' => {
                            let escaped = letters.get(at).copied().ok_or_else(|| malformed("unclosed text"))?;
                            at += 1;
                            value.push(match escaped {
                                'n' => ('\n', true),
                                'r' => ('\r', true),
                                't' => ('\t', true),
                                'b' => ('\u{8}', true),
                                'f' => ('\u{c}', true),
                                'u' => {
                                    let digits: String = letters.iter().skip(at).take(4).collect();
                                    at += 4;
                                    let code = u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32);
                                    (code.ok_or_else(|| malformed("invalid escape"))?, true)
                                }
                                '\'' | '"' | '\\' | '%' | '_' => (escaped, true),
                                _ => return Err(malformed("invalid string literal: illegal character sequence")),
                            });
                        }
                        letter if letter.is_control() => return Err(malformed("line breaking not allowed in text")),
                        letter => value.push((letter, false)),
                    }
                }
                tokens.push(Token::Text(value));
            }
            '(' | ')' | ',' | '=' => tokens.push(Token::Sign(letter.to_string())),
            '<' | '>' | '!' => {
                let mut sign = letter.to_string();
                if letters.get(at) == Some(&'=') {
                    sign.push('=');
                    at += 1;
                }
                tokens.push(Token::Sign(sign));
            }
            letter if letter.is_ascii_alphanumeric() || letter == '_' => {
                let start = at - 1;
                let is_word = |l: &char| l.is_ascii_alphanumeric() || matches!(l, '_' | '.' | ':' | '-' | '+');
                at += letters[at..].iter().take_while(|l| is_word(l)).count();
                tokens.push(Token::Word(letters[start..at].iter().collect()));
            }
            letter => return Err(malformed(format!("unexpected token: '{letter}'"))),
        }
    }
    Ok(tokens)
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }
    fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Some(Token::Word(own)) if own.eq_ignore_ascii_case(word))
    }
    fn is_sign(&self, sign: &str) -> bool {
        matches!(self.peek(), Some(Token::Sign(own)) if own == sign)
    }
    fn take_word(&mut self, word: &str) -> bool {
        let is_it = self.is_word(word);
        self.at += usize::from(is_it);
        is_it
    }
    fn take_sign(&mut self, sign: &str) -> bool {
        let is_it = self.is_sign(sign);
        self.at += usize::from(is_it);
        is_it
    }
    fn expect(&mut self, is_there: bool, what: &str) -> Result<(), Refused> {
        if is_there { Ok(()) } else { Err(malformed(format!("expecting {what}, found {:?}", self.peek()))) }
    }
    fn name(&mut self) -> Result<String, Refused> {
        match self.peek().cloned() {
            Some(Token::Word(word)) => {
                self.at += 1;
                Ok(word)
            }
            other => Err(malformed(format!("expecting a name, found {other:?}"))),
        }
    }
    fn value(&mut self) -> Result<Token, Refused> {
        let value = self.peek().cloned().ok_or_else(|| malformed("expecting a value"))?;
        self.at += 1;
        if matches!(value, Token::Sign(_)) { Err(malformed("expecting a value")) } else { Ok(value) }
    }

    fn query(&mut self) -> Result<Query, Refused> {
        let is_there = self.take_word("SELECT");
        self.expect(is_there, "SELECT")?;
        let mut fields = Vec::new();
        loop {
            if self.take_sign("(") {
                fields.push(Field::Sub(Box::new(self.query()?)));
                let is_there = self.take_sign(")");
                self.expect(is_there, "`)`")?;
            } else {
                fields.push(Field::Path(self.name()?));
            }
            if !self.take_sign(",") {
                break;
            }
        }
        let is_there = self.take_word("FROM");
        self.expect(is_there, "FROM")?;
        let from = self.name()?;
        let condition = if self.take_word("WHERE") { Some(self.condition()?) } else { None };
        let mut order = Vec::new();
        if self.take_word("ORDER") {
            let is_there = self.take_word("BY");
            self.expect(is_there, "BY")?;
            loop {
                let name = self.name()?;
                let is_desc = self.take_word("DESC");
                self.take_word("ASC");
                if self.take_word("NULLS") {
                    let is_there = self.take_word("LAST") || self.take_word("FIRST");
                    self.expect(is_there, "LAST or FIRST")?;
                }
                order.push((name, is_desc));
                if !self.take_sign(",") {
                    break;
                }
            }
        }
        let limit = if self.take_word("LIMIT") {
            Some(self.name()?.parse().map_err(|_| malformed("LIMIT needs a number"))?)
        } else {
            None
        };
        Ok(Query { fields, from, condition, order, limit })
    }

    /// AND and OR do not mix without parentheses.
    fn condition(&mut self) -> Result<Condition, Refused> {
        let mut parts = vec![self.one()?];
        let word = if self.is_word("AND") { "AND" } else { "OR" };
        while self.take_word(word) {
            parts.push(self.one()?);
        }
        if self.is_word("AND") || self.is_word("OR") {
            return Err(malformed("AND and OR need parentheses"));
        }
        Ok(if word == "AND" { Condition::All(parts) } else { Condition::Any(parts) })
    }

    fn one(&mut self) -> Result<Condition, Refused> {
        if self.take_sign("(") {
            let condition = self.condition()?;
            let is_there = self.take_sign(")");
            self.expect(is_there, "`)`")?;
            return Ok(condition);
        }
        let path = self.name()?;
        if self.take_word("LIKE") {
            return Ok(Condition::Compare(path, "LIKE".to_owned(), self.value()?));
        }
        if self.take_word("IN") {
            let is_there = self.take_sign("(");
            self.expect(is_there, "`(`")?;
            let condition = if self.is_word("SELECT") {
                Condition::Within(path, Box::new(self.query()?))
            } else {
                let mut values = vec![self.value()?];
                while self.take_sign(",") {
                    values.push(self.value()?);
                }
                let values = values.iter().map(|value| key(&path, &plain(value))).collect();
                Condition::In(path, values)
            };
            let is_there = self.take_sign(")");
            self.expect(is_there, "`)`")?;
            return Ok(condition);
        }
        let Some(Token::Sign(sign)) = self.peek().cloned() else { return Err(malformed("expecting an operator")) };
        self.at += 1;
        if !["=", "!=", "<", ">", "<=", ">="].contains(&sign.as_str()) {
            return Err(malformed(format!("unexpected token: '{sign}'")));
        }
        Ok(Condition::Compare(path, sign, self.value()?))
    }
}

/// Reads a query.
pub fn read(text: &str) -> Result<Query, Refused> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0 };
    let query = parser.query()?;
    if let Some(token) = parser.peek() {
        return Err(malformed(format!("unexpected token: {token:?}")));
    }
    Ok(query)
}

/// The records of a query, in the vendor's form.
pub fn run(tables: &dyn Tables, query: &Query) -> Result<Vec<Value>, Refused> {
    let unknown = || ("INVALID_TYPE", format!("sObject type '{}' is not supported.", query.from));
    let records = tables.records(&query.from).ok_or_else(unknown)?;
    select(tables, query, &query.from, records.iter())
}

fn select<'a>(
    tables: &'a dyn Tables,
    query: &Query,
    object: &str,
    records: impl Iterator<Item = &'a Record>,
) -> Result<Vec<Value>, Refused> {
    // Names are checked even when there is no record.
    let empty = Record::new();
    show(tables, query, object, &empty)?;
    if let Some(condition) = &query.condition {
        holds(tables, object, &empty, condition)?;
    }
    let mut found = Vec::new();
    for record in records {
        let is_wanted = match &query.condition {
            Some(condition) => holds(tables, object, record, condition)?,
            None => true,
        };
        if is_wanted {
            found.push(record);
        }
    }
    for (path, is_desc) in query.order.iter().rev() {
        value(tables, object, &empty, path)?;
        let key = |record: &&Record| {
            let value = value(tables, object, record, path).unwrap_or_default();
            // Nothing comes last in descending order, and first in ascending order.
            value
                .as_str()
                .map(str::to_owned)
                .unwrap_or_else(|| if value.is_null() { String::new() } else { value.to_string() })
        };
        found.sort_by_key(key);
        if *is_desc {
            // Stable in both directions.
            found.reverse();
            let mut start = 0;
            while start < found.len() {
                let same = found[start..].iter().take_while(|record| key(record) == key(&found[start])).count();
                found[start..start + same].reverse();
                start += same;
            }
        }
    }
    found.truncate(query.limit.unwrap_or(usize::MAX));
    found.into_iter().map(|record| show(tables, query, object, record)).collect()
}

fn show(tables: &dyn Tables, query: &Query, object: &str, record: &Record) -> Result<Value, Refused> {
    let id = record.get("Id").and_then(Value::as_str).unwrap_or_default();
    let mut shown = attributes(object, id);
    for field in &query.fields {
        match field {
            Field::Path(path) => put(tables, object, record, path, &mut shown)?,
            Field::Sub(sub) => {
                let unknown = || ("INVALID_TYPE", format!("Didn't understand relationship '{}'", sub.from));
                let (child, key) = tables.children(object, &sub.from).ok_or_else(unknown)?;
                let own = |child: &&Record| !id.is_empty() && child.get(key).and_then(Value::as_str) == Some(id);
                let children = tables.records(child).unwrap_or_default().iter().filter(own);
                let found = select(tables, sub, child, children)?;
                let page = json!({"totalSize": found.len(), "done": true, "records": found});
                shown.insert(sub.from.clone(), if found.is_empty() { Value::Null } else { page });
            }
        }
    }
    Ok(Value::Object(shown))
}

fn attributes(object: &str, id: &str) -> Record {
    let url = format!("/services/data/v65.0/sobjects/{object}/{id}");
    Record::from_iter([("attributes".to_owned(), json!({"type": object, "url": url}))])
}

fn put(tables: &dyn Tables, object: &str, record: &Record, path: &str, shown: &mut Record) -> Result<(), Refused> {
    let Some((relation, rest)) = path.split_once('.') else {
        shown.insert(path.to_owned(), value(tables, object, record, path)?);
        return Ok(());
    };
    let no_relation = |message| ("INVALID_FIELD", message);
    let Some((target, other)) = tables.related(object, record, relation).map_err(no_relation)? else {
        shown.entry(relation).or_insert(Value::Null);
        return Ok(());
    };
    let id = other.get("Id").and_then(Value::as_str).unwrap_or_default();
    let mut nested = match shown.remove(relation) {
        Some(Value::Object(nested)) => nested,
        _ => attributes(target, id),
    };
    put(tables, target, other, rest, &mut nested)?;
    shown.insert(relation.to_owned(), Value::Object(nested));
    Ok(())
}

fn value(tables: &dyn Tables, object: &str, record: &Record, path: &str) -> Result<Value, Refused> {
    if let Some((relation, rest)) = path.split_once('.') {
        let related = tables.related(object, record, relation).map_err(|message| ("INVALID_FIELD", message))?;
        return related.map_or(Ok(Value::Null), |(target, other)| value(tables, target, other, rest));
    }
    if !tables.has_field(object, path) {
        return Err((
            "INVALID_FIELD",
            format!(
                "\nSELECT {path} FROM {object}\n ^\nERROR at Row:1:Column:8\nNo such column '{path}' on entity '{object}'."
            ),
        ));
    }
    Ok(record.get(path).cloned().unwrap_or(Value::Null))
}

fn plain(token: &Token) -> Value {
    match token {
        Token::Text(letters) => letters.iter().map(|(letter, _)| *letter).collect::<String>().into(),
        Token::Word(word) if word == "null" => Value::Null,
        Token::Word(word) if word == "true" || word == "false" => (word == "true").into(),
        Token::Word(word) => word.parse::<f64>().map_or_else(|_| word.clone().into(), Into::into),
        Token::Sign(_) => Value::Null,
    }
}

/// Compared as the vendor compares: texts without case, ids by their first 15 characters, moments as moments.
fn key(path: &str, value: &Value) -> Option<String> {
    let text = value.as_str()?;
    if path == "Id" || (path.ends_with("Id") && !path.contains("__")) {
        return Some(text.get(..15).unwrap_or(text).to_owned());
    }
    if !text.starts_with("20") && !text.starts_with("19") {
        return Some(text.to_lowercase());
    }
    let moment = text.strip_suffix("+0000").map_or_else(|| text.to_owned(), |start| format!("{start}Z"));
    match moment.parse::<Timestamp>() {
        Ok(at) => Some(format!("{:015}", at.as_ms())),
        Err(_) => Some(text.to_lowercase()),
    }
}

fn holds(tables: &dyn Tables, object: &str, record: &Record, condition: &Condition) -> Result<bool, Refused> {
    Ok(match condition {
        Condition::All(parts) => {
            let mut all = true;
            for part in parts {
                all &= holds(tables, object, record, part)?;
            }
            all
        }
        Condition::Any(parts) => {
            let mut any = false;
            for part in parts {
                any |= holds(tables, object, record, part)?;
            }
            any
        }
        Condition::Compare(path, sign, token) => {
            let own = value(tables, object, record, path)?;
            if sign == "LIKE" {
                let Token::Text(pattern) = token else { return Err(malformed("LIKE needs a text")) };
                return Ok(own
                    .as_str()
                    .is_some_and(|text| like(&text.to_lowercase().chars().collect::<Vec<_>>(), pattern)));
            }
            let other = plain(token);
            let is_bool = matches!(own, Value::Bool(_));
            let order = if is_bool || own.is_null() || other.is_null() {
                (own == other).then_some(std::cmp::Ordering::Equal)
            } else if let (Some(own), Some(other)) = (own.as_f64(), other.as_f64()) {
                own.partial_cmp(&other)
            } else {
                key(path, &own).partial_cmp(&key(path, &other))
            };
            match sign.as_str() {
                "=" => order.is_some_and(std::cmp::Ordering::is_eq),
                "!=" => !order.is_some_and(std::cmp::Ordering::is_eq),
                "<" => order.is_some_and(std::cmp::Ordering::is_lt),
                ">" => order.is_some_and(std::cmp::Ordering::is_gt),
                "<=" => order.is_some_and(std::cmp::Ordering::is_le),
                _ => order.is_some_and(std::cmp::Ordering::is_ge),
            }
        }
        Condition::In(path, values) => {
            let own = value(tables, object, record, path)?;
            !own.is_null() && values.contains(&key(path, &own))
        }
        Condition::Within(path, query) => {
            let own = value(tables, object, record, path)?;
            let Some(Field::Path(field)) = query.fields.first() else { return Err(malformed("one field")) };
            let found = run(tables, query)?;
            let values = found.iter().map(|record| record.get(field).cloned().unwrap_or_default());
            !own.is_null() && values.filter(|value| !value.is_null()).any(|value| key(path, &value) == key(path, &own))
        }
    })
}

fn like(text: &[char], pattern: &[(char, bool)]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some((('%', false), rest)) => (0..=text.len()).any(|start| like(&text[start..], rest)),
        Some((('_', false), rest)) => !text.is_empty() && like(&text[1..], rest),
        Some(((letter, _), rest)) => {
            let is_same = text.first().is_some_and(|own| own.to_lowercase().eq(letter.to_lowercase()));
            is_same && like(&text[1..], rest)
        }
    }
}
