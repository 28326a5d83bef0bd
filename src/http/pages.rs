//! The three small pages that a browser may see without any page of the business: form, thanks, what to mend.

use crate::http::respond::{ApiError, ApiResult};
use lead_router_core::form::{Form, FormId};
use lead_router_core::html::escape;
use lead_router_core::intake::Name;
use std::collections::BTreeSet;
use worker::{Headers, Response};

const STYLE: &str = "<style>:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:3rem auto;padding:0 1rem;\
    color:#1b1f24;background:#fff}label{display:block;margin:.8rem 0 .2rem}input,textarea{width:100%;padding:.5rem;\
    font:inherit;border:1px solid #7a838c;border-radius:4px;box-sizing:border-box}button{margin-top:1rem;padding:.6rem \
    1.2rem;font:inherit;border:0;border-radius:4px;background:#0b5fff;color:#fff}.gone{position:absolute;left:-9999px}\
    @media(prefers-color-scheme:dark){body{color:#e8eaed;background:#16181b}input,textarea{color:#e8eaed;\
    background:#22262b;border-color:#8a939c}}</style>";

/// A small page.
pub(crate) fn page(status: u16, title: &str, main: &str) -> ApiResult {
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width,initial-scale=1\"><title>{title}</title>{STYLE}</head><body><main>{main}</main>\
         </body></html>"
    );
    let headers = Headers::new();
    headers.set("content-type", "text/html; charset=utf-8")?;
    // Browsers hold the redirect after a post against `form-action` too, and a booking page is on any site.
    let policy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self' https: http:";
    headers.set("content-security-policy", policy)?;
    Ok(Response::ok(html)?.with_status(status).with_headers(headers))
}

/// The fields of the plain form: name, label, and what a browser is told about it.
const FIELDS: [(&str, &str, &str); 5] = [
    ("name", "Name", "autocomplete=\"name\""),
    ("email", "Work e-mail", "type=\"email\" autocomplete=\"email\""),
    ("company", "Company", "autocomplete=\"organization\""),
    ("title", "Job title", "autocomplete=\"organization-title\""),
    // No `type="url"`: browsers refuse one without `https://`, and people type `linkedin.com/in/ada`.
    ("linkedin_url", "LinkedIn", "inputmode=\"url\" placeholder=\"linkedin.com/in/…\""),
];

/// `GET /forms/{form}`: a plain form to try the router with, with the fields that the form's settings require.
pub fn form(form_id: &FormId, settings: &Form) -> ApiResult {
    let required: BTreeSet<String> = settings.required.iter().map(Name::path).collect();
    let is_required = |name: &str| name == "email" || required.contains(name);
    let inputs: String = FIELDS.iter().map(|(name, label, more)| input(name, label, more, is_required(name))).collect();
    let is_extra = |name: &&String| *name != "message" && FIELDS.iter().all(|(known, ..)| known != name);
    let extra: String = required.iter().filter(is_extra).map(|name| input(name, &label_of(name), "", true)).collect();
    let (mark, attribute) = marks(is_required("message"));
    let main = format!(
        "<h1>Talk to sales</h1><form method=\"post\" action=\"/forms/{}\">{inputs}{extra}\
         <label for=\"message\">What do you need?{mark}</label>\
         <textarea id=\"message\" name=\"message\" rows=\"4\"{attribute}></textarea>\
         <div class=\"gone\" aria-hidden=\"true\"><input name=\"_gotcha\" tabindex=\"-1\" autocomplete=\"off\"></div>\
         <button>Send</button></form>",
        escape(form_id.as_str()),
    );
    page(200, "Talk to sales", &main)
}

fn input(name: &str, label: &str, more: &str, is_required: bool) -> String {
    let (name, label, (mark, attribute)) = (escape(name), escape(label), marks(is_required));
    format!("<label for=\"{name}\">{label}{mark}</label><input id=\"{name}\" name=\"{name}\" {more}{attribute}>")
}

/// What a required field shows, and its attribute.
const fn marks(is_required: bool) -> (&'static str, &'static str) {
    if is_required { (" <span aria-hidden=\"true\">*</span>", " required") } else { ("", "") }
}

/// A label for a field by its path: `Postal code` for `postal_code`, `Budget` for `fields.budget`.
fn label_of(path: &str) -> String {
    let words = path.strip_prefix("fields.").unwrap_or(path).replace(['_', '.'], " ");
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// `GET /forms/{form}/thanks`.
pub fn thanks() -> ApiResult {
    page(200, "Thank you", "<h1>Thank you</h1><p>Your message has arrived. Someone will be in touch shortly.</p>")
}

/// What is wrong with a form, for a person.
pub fn form_error(error: &ApiError) -> ApiResult {
    let items: String = error
        .problems()
        .iter()
        .map(|problem| format!("<li><strong>{}</strong>: {}</li>", escape(&problem.path), escape(&problem.message)))
        .collect();
    let items = if items.is_empty() { format!("<li>{}</li>", escape(error.message())) } else { items };
    let main = format!("<h1>Please check your entries</h1><ul>{items}</ul><p>Go back, mend them and send again.</p>");
    let mut response = page(error.status(), "Please check your entries", &main)?;
    if let Some(seconds) = error.retry_after_s() {
        response.headers_mut().set("retry-after", &seconds.to_string())?;
    }
    Ok(response)
}
