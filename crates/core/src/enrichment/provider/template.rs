//! Texts with places for facts: `/companies/{company.domain}`.

use crate::enrichment::provider::contact::Contact;
use crate::facts::{FactValue, Facts, Field};
use crate::normalize::nearest;
use serde_json::Value;

/// What a place stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TemplatePath {
    Fact(Field),
    Contact(&'static str),
    Job,
    KeyName,
    KeyPassword,
}

impl TemplatePath {
    /// The path with this name.
    ///
    /// # Errors
    /// One sentence of help when there is none.
    pub(super) fn named(name: &str) -> Result<Self, String> {
        if let Some(field) = Field::from_path(name) {
            return Ok(Self::Fact(field));
        }
        if let Some(path) = Contact::PATHS.into_iter().find(|path| *path == name) {
            return Ok(Self::Contact(path));
        }
        let names = Field::ALL.iter().map(|field| field.path()).chain(Contact::PATHS);
        Err(match nearest(name, names) {
            Some(path) => format!("did you mean `{path}`?"),
            None => "use the path of a fact or of a contact, such as `company.domain` or `contact.email`".to_owned(),
        })
    }

    /// The only path of a request for a result: `job`.
    ///
    /// # Errors
    /// One sentence of help for every other name.
    pub(super) fn job(name: &str) -> Result<Self, String> {
        if name == "job" { Ok(Self::Job) } else { Err("only `{job}` is known here".to_owned()) }
    }

    /// The paths of a request for a token: `key.name` and `key.password`.
    ///
    /// # Errors
    /// One sentence of help for every other name.
    pub(super) fn key(name: &str) -> Result<Self, String> {
        match name {
            "key.name" => Ok(Self::KeyName),
            "key.password" => Ok(Self::KeyPassword),
            _ => Err("only `{key.name}` and `{key.password}` are known here".to_owned()),
        }
    }

    /// The value, as text.
    pub(super) fn text(self, known: &TemplateFacts<'_>) -> Option<String> {
        match (self, known) {
            (Self::Job, TemplateFacts::Job(job)) => Some((*job).to_owned()),
            (Self::KeyName, TemplateFacts::Key { name, .. }) => Some((*name).to_owned()),
            (Self::KeyPassword, TemplateFacts::Key { password, .. }) => Some((*password).to_owned()),
            (Self::Contact(path), TemplateFacts::Lead { contact, .. }) => contact.text(path).map(str::to_owned),
            (Self::Fact(field), TemplateFacts::Lead { facts, .. }) => match facts.value(field)? {
                FactValue::Text(text) => Some(text.clone()),
                FactValue::Number(number) => Some(number.to_string()),
                FactValue::Flag(flag) => Some(flag.to_string()),
                FactValue::Set(_) => None,
            },
            _ => None,
        }
    }
}

/// What is known when a request is made.
#[derive(Clone, Copy)]
pub(super) enum TemplateFacts<'a> {
    /// The lead that a provider is asked for.
    Lead { facts: &'a Facts, contact: &'a Contact },
    /// The job whose result is fetched.
    Job(&'a str),
    /// The two halves of a key that is exchanged for a token.
    Key { name: &'a str, password: &'a str },
}

/// Which names a template may use.
pub(super) type Names = fn(&str) -> Result<TemplatePath, String>;

#[derive(Debug, Clone, PartialEq)]
enum Piece {
    Text(String),
    Place(TemplatePath),
}

/// A text with places.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Template(Vec<Piece>);

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// One sentence of help: a path that does not exist, or a brace without its partner.
    pub(super) fn parse(text: &str, names: Names) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, tail) = after.split_once('}').ok_or("close the brace `{` with `}`")?;
            if !before.is_empty() {
                pieces.push(Piece::Text(before.to_owned()));
            }
            pieces.push(Piece::Place(names(name)?));
            rest = tail;
        }
        if rest.contains('}') {
            return Err("open the brace `}` with `{`".to_owned());
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        Ok(Self(pieces))
    }

    /// Whether it has a place.
    pub(super) fn has_places(&self) -> bool {
        self.0.iter().any(|piece| matches!(piece, Piece::Place(_)))
    }

    /// The text with every place filled, or `None` when a fact is missing. `encode` is applied to facts only.
    pub(super) fn fill(&self, known: &TemplateFacts<'_>, encode: impl Fn(&str) -> String) -> Option<String> {
        let mut filled = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => filled.push_str(text),
                Piece::Place(path) => filled.push_str(&encode(&path.text(known)?)),
            }
        }
        Some(filled)
    }
}

/// A JSON body with places in its texts.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Body {
    Fixed(Value),
    Text(Template),
    List(Vec<Self>),
    Object(Vec<(String, Self)>),
}

impl Body {
    /// Reads a body.
    ///
    /// # Errors
    /// As [`Template::parse`].
    pub(super) fn parse(value: &Value, names: Names) -> Result<Self, String> {
        Ok(match value {
            Value::String(text) => Self::Text(Template::parse(text, names)?),
            Value::Array(items) => {
                Self::List(items.iter().map(|item| Self::parse(item, names)).collect::<Result<_, _>>()?)
            }
            Value::Object(entries) => {
                let parsed = entries.iter().map(|(key, item)| Ok((key.clone(), Self::parse(item, names)?)));
                Self::Object(parsed.collect::<Result<_, String>>()?)
            }
            fixed => Self::Fixed(fixed.clone()),
        })
    }

    /// Whether it has a place.
    pub(super) fn has_places(&self) -> bool {
        match self {
            Self::Fixed(_) => false,
            Self::Text(template) => template.has_places(),
            Self::List(items) => items.iter().any(Self::has_places),
            Self::Object(entries) => entries.iter().any(|(_, item)| item.has_places()),
        }
    }

    /// The body with every place filled; what lacks a fact is left out.
    pub(super) fn fill(&self, known: &TemplateFacts<'_>) -> Option<Value> {
        match self {
            Self::Fixed(value) => Some(value.clone()),
            Self::Text(template) => template.fill(known, str::to_owned).map(Value::String),
            Self::List(items) => Some(items.iter().filter_map(|item| item.fill(known)).collect()),
            Self::Object(entries) => {
                Some(entries.iter().filter_map(|(key, item)| Some((key.clone(), item.fill(known)?))).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(text: &str, contact: &Contact) -> Option<String> {
        let facts = Facts::default();
        Template::parse(text, TemplatePath::named)
            .unwrap()
            .fill(&TemplateFacts::Lead { facts: &facts, contact }, |value| value.replace('@', "%40"))
    }

    #[test]
    fn places_are_filled_and_encoded_and_the_rest_is_not() {
        let contact = Contact { email: Some("a@b.example".into()), ..Contact::default() };
        assert_eq!(fill("@{contact.email}!", &contact).as_deref(), Some("@a%40b.example!"));
        assert_eq!(fill("plain", &contact).as_deref(), Some("plain"));
        assert_eq!(fill("{contact.email}{contact.phone}", &contact), None);
    }

    #[test]
    fn wrong_templates_are_refused_with_help() {
        for (text, help) in [
            ("{contact.emial}", "did you mean `contact.email`?"),
            ("{contact.email", "close the brace `{` with `}`"),
            ("contact.email}", "open the brace `}` with `{`"),
        ] {
            assert_eq!(Template::parse(text, TemplatePath::named), Err(help.to_owned()), "{text}");
        }
        assert!(Template::parse("{}", TemplatePath::named).is_err());
    }

    #[test]
    fn bodies_lose_what_lacks_a_fact() {
        let body = serde_json::json!({"a": "{contact.email}", "b": {"c": "{contact.phone}", "d": 1}, "e": ["{contact.phone}", "x"]});
        let contact = Contact { email: Some("a@b.example".into()), ..Contact::default() };
        let facts = Facts::default();
        let filled = Body::parse(&body, TemplatePath::named)
            .unwrap()
            .fill(&TemplateFacts::Lead { facts: &facts, contact: &contact });
        assert_eq!(filled, Some(serde_json::json!({"a": "a@b.example", "b": {"d": 1}, "e": ["x"]})));
    }

    #[test]
    fn a_request_for_a_result_knows_the_job_only() {
        let template = Template::parse("/tasks/{job}", TemplatePath::job).unwrap();
        assert_eq!(template.fill(&TemplateFacts::Job("7"), str::to_owned).as_deref(), Some("/tasks/7"));
        assert!(Template::parse("{contact.email}", TemplatePath::job).is_err());
        assert!(Template::parse("{job}", TemplatePath::named).is_err());
        let (facts, contact) = (Facts::default(), Contact::default());
        assert_eq!(template.fill(&TemplateFacts::Lead { facts: &facts, contact: &contact }, str::to_owned), None);
    }
}
