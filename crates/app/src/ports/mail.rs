//! Mail that is sent by the platform itself.

use lead_router_core::notify::email::Mail;

/// Sends mail.
pub trait Mails {
    /// Whether the deployment has a way to send mail.
    fn has_mail(&self) -> bool;
    /// Sends one; the error is the platform's code, such as `E_SENDER_NOT_VERIFIED`, or `timeout` and `no_binding`.
    async fn send_mail(&self, mail: &Mail) -> Result<(), String>;
}
