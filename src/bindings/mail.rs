//! Mail through the platform's own binding.

use crate::bindings::platform;
use crate::bindings::world::World;
use lead_router_app::ports::mail::Mails;
use lead_router_core::notify::email::{Mail, sender};
use serde_json::json;

/// Binding that sends mail; optional.
const EMAIL: &str = "EMAIL";

/// How long a mail may take, in milliseconds.
const TIMEOUT_MS: u32 = 20_000;

impl Mails for World {
    fn has_mail(&self) -> bool {
        platform::has(&self.env, EMAIL)
    }

    async fn send_mail(&self, mail: &Mail) -> Result<(), String> {
        let (address, name) = sender(&mail.from);
        let mut from = json!({"email": address});
        if let (Some(name), Some(map)) = (name, from.as_object_mut()) {
            map.insert("name".to_owned(), name.into());
        }
        let message =
            json!({"from": from, "to": mail.to, "subject": mail.subject, "text": mail.text, "html": mail.html});
        platform::mail(&self.env, EMAIL, &message, TIMEOUT_MS).await
    }
}
