//! Forms without settings: what holds for them, so that an address nobody set up is no way around the settings of another.

use crate::form::Form;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;

/// What happens to a post to a form without settings; the setting `UNKNOWN_FORMS`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UnknownForms {
    /// It is taken in, as strictly as the strictest form: [`Guard`].
    #[default]
    Strict,
    /// It is refused: there is no such form.
    Refuse,
}

impl UnknownForms {
    /// Every choice.
    pub const ALL: [Self; 2] = [Self::Strict, Self::Refuse];

    /// The name in settings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Refuse => "refuse",
        }
    }

    /// The choice with this name, or `None`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|choice| choice.as_str() == name)
    }
}

/// What the forms of a deployment ask of those who post, taken together.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Guard {
    /// Whether any form asks for Turnstile.
    pub turnstile: bool,
    /// Origins that any form lists; none when no form does.
    pub origins: BTreeSet<String>,
}

impl Guard {
    /// The strictest of some forms; of none, nothing is asked.
    #[must_use]
    pub fn of<'a>(forms: impl IntoIterator<Item = &'a Form>) -> Self {
        forms.into_iter().fold(Self::default(), |mut guard, form| {
            guard.turnstile |= form.turnstile;
            guard.origins.extend(form.origins.iter().cloned());
            guard
        })
    }

    /// The usual settings of a form, made as strict as this. Origins that the form lists itself stay.
    #[must_use]
    pub fn over(&self, mut form: Form) -> Form {
        form.turnstile |= self.turnstile;
        if form.origins.is_empty() {
            form.origins.clone_from(&self.origins);
        }
        form.accepted.clear();
        form
    }
}

/// Settings of a form with the ones of the default where it says nothing. Neither is judged: what is no object adds
/// nothing.
#[must_use]
pub fn with_defaults(form: &str, defaults: &str) -> String {
    let read = |text: &str| serde_json::from_str::<Value>(text).ok();
    let (Some(Value::Object(mut form)), Some(Value::Object(defaults))) = (read(form), read(defaults)) else {
        return form.to_owned();
    };
    for (name, value) in defaults {
        if form.get(&name).is_none_or(Value::is_null) {
            form.insert(name, value);
        }
    }
    Value::Object(form).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::read;

    #[test]
    fn a_form_nobody_set_up_is_as_strict_as_the_strictest() {
        let forms = [
            read(r#"{"turnstile": true}"#).unwrap(),
            read(r#"{"origins": ["https://www.example.com"], "accept_fields": ["source"]}"#).unwrap(),
            Form::default(),
        ];
        let guard = Guard::of(&forms);
        let unknown = guard.over(read(r#"{"accept_fields": ["partner"]}"#).unwrap());
        assert!(unknown.turnstile);
        assert!(!unknown.allows(Some("https://evil.example"), "https://leads.example.com"));
        assert!(unknown.accepted.is_empty());
        assert_eq!(Guard::of([]).over(Form::default()), Form::default());
        let text = serde_json::to_string(&guard).unwrap();
        assert_eq!(serde_json::from_str::<Guard>(&text).unwrap(), guard);
    }

    #[test]
    fn defaults_fill_what_a_form_does_not_say() {
        let merged =
            with_defaults(r#"{"turnstile": false, "source": null}"#, r#"{"turnstile": true, "source": "site"}"#);
        let form = read(&merged).unwrap();
        assert_eq!((form.turnstile, form.source.as_deref()), (false, Some("site")));
        assert_eq!(with_defaults("{", "{}"), "{");
    }
}
