//! The fingerprint of a lead's content.

use crate::lead::{Lead, Stated};
use sha2::{Digest, Sha256};

impl Lead {
    /// SHA-256 of what the sender said, so that a repeated submission is known without an id.
    ///
    /// The moment of receipt, `submitted_at`, `submission_id` and notes are left out, since a repeat may differ in
    /// them. Two leads that differ only in letter case of the address, or in blanks, have the same fingerprint.
    #[must_use]
    pub fn content_fingerprint(&self) -> [u8; 32] {
        let mut content = Content(Sha256::new());
        content.put("email", &self.email.address);
        self.put_texts(&mut content);
        self.put_stated(&mut content);
        for signal in &self.signals {
            content.put("signal", &signal.signal);
            // A signal without a moment of its own has the moment of receipt, which differs between repeats.
            if signal.at != self.received_at {
                content.put("at", &signal.at.to_string());
            }
        }
        for (name, value) in &self.fields {
            content.put("field", name);
            content.put("value", value);
        }
        if let Some(incumbent) = &self.incumbent {
            content.put_some("incumbent.rep_id", incumbent.rep_id.as_ref().map(|id| id.as_str()));
            content.put_some("incumbent.team", incumbent.team.as_ref().map(|id| id.as_str()));
        }
        content.0.finalize().into()
    }

    fn put_texts(&self, content: &mut Content) {
        let texts = [
            ("first_name", &self.first_name),
            ("last_name", &self.last_name),
            ("name", &self.name),
            ("company", &self.company),
            ("title", &self.title),
            ("region", &self.region),
            ("message", &self.message),
            ("source", &self.source),
            ("form", &self.form),
            ("partner", &self.partner),
            ("utm.source", &self.utm.source),
            ("utm.medium", &self.utm.medium),
            ("utm.campaign", &self.utm.campaign),
            ("utm.term", &self.utm.term),
            ("utm.content", &self.utm.content),
        ];
        for (name, text) in texts {
            content.put_some(name, text.as_deref());
        }
    }

    fn put_stated(&self, content: &mut Content) {
        let stated: [(&str, &Option<Stated>); 6] = [
            ("website", &self.website),
            ("phone", &self.phone),
            ("country", &self.country),
            ("postal_code", &self.postal_code),
            ("language", &self.language),
            ("linkedin_url", &self.linkedin),
        ];
        for (name, stated) in stated {
            content.put_some(name, stated.as_ref().map(|stated| stated.typed.as_str()));
        }
        content.put_some("employees", self.employees.as_ref().map(|size| size.typed.as_str()));
    }
}

struct Content(Sha256);

impl Content {
    /// Adds a name and its text. Lengths go first, so that no text can pose as the end of another.
    fn put(&mut self, name: &str, text: &str) {
        for part in [name, text] {
            self.0.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            self.0.update(part.as_bytes());
        }
    }

    fn put_some(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.put(name, text);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::intake;
    use crate::intake::FieldMap;
    use crate::lead::Lead;
    use crate::time::Timestamp;

    fn lead(body: &str, at: i64) -> Lead {
        intake::read(Some("application/json"), body.as_bytes(), &FieldMap::default(), Timestamp::from_ms(at)).unwrap()
    }

    #[test]
    fn repeats_have_the_same_fingerprint() {
        let first = lead(r#"{"email":"Ann@a.example","company":"A  B","intent":[{"signal":"x"}]}"#, 1_000);
        let second = lead(
            r#"{"company":" A B ","email":"ann@A.example","submission_id":"7","submitted_at":"2026-01-01T00:00:00Z","intent":[{"signal":"x"}]}"#,
            2_000,
        );
        assert_eq!(first.content_fingerprint(), second.content_fingerprint());
    }

    #[test]
    fn every_field_of_the_content_counts() {
        let base = r#""email":"a@b.example""#;
        let mut prints = vec![lead(&format!("{{{base}}}"), 0).content_fingerprint()];
        for more in [
            r#""first_name":"x""#,
            r#""last_name":"x""#,
            r#""name":"x""#,
            r#""company":"x""#,
            r#""title":"x""#,
            r#""region":"x""#,
            r#""message":"x""#,
            r#""source":"x""#,
            r#""form":"x""#,
            r#""partner":"x""#,
            r#""utm":{"source":"x"}"#,
            r#""utm":{"medium":"x"}"#,
            r#""utm":{"campaign":"x"}"#,
            r#""utm":{"term":"x"}"#,
            r#""utm":{"content":"x"}"#,
            r#""website":"x""#,
            r#""phone":"x""#,
            r#""country":"x""#,
            r#""postal_code":"x""#,
            r#""language":"x""#,
            r#""linkedin_url":"x""#,
            r#""employees":"x""#,
            r#""own":"x""#,
            r#""own":"y""#,
            r#""intent":[{"signal":"x"}]"#,
            r#""incumbent":{"rep_id":"x"}"#,
            r#""incumbent":{"team":"x"}"#,
        ] {
            prints.push(lead(&format!("{{{base},{more}}}"), 0).content_fingerprint());
        }
        let count = prints.len();
        prints.sort_unstable();
        prints.dedup();
        assert_eq!(prints.len(), count);
    }

    #[test]
    fn the_fingerprint_does_not_change_between_versions() {
        let print = lead(r#"{"email":"a@b.example","name":"Ann","fields":{"x":"y"}}"#, 0).content_fingerprint();
        let hex: String = print.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "88677cfb747d7b90b408733f02bb42d9f599b517bb8a49f322c2c979a97582bc");
    }
}
