//! The three small pages that a browser may see without any page of the business: form, thanks, what to mend.

use crate::http::respond::{ApiError, ApiResult};
use lead_router_core::form::FormId;
use lead_router_core::html::escape;
use worker::{Headers, Response};

const STYLE: &str = "<style>body{font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:3rem auto;padding:0 1rem;\
    color:#1b1f24;background:#fff}label{display:block;margin:.8rem 0 .2rem}input,textarea{width:100%;padding:.5rem;\
    font:inherit;border:1px solid #7a838c;border-radius:4px;box-sizing:border-box}button{margin-top:1rem;padding:.6rem \
    1.2rem;font:inherit;border:0;border-radius:4px;background:#0b5fff;color:#fff}.gone{position:absolute;left:-9999px}\
    @media(prefers-color-scheme:dark){body{color:#e8eaed;background:#16181b}}</style>";

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

/// `GET /forms/{form}`: a plain form to try the router with.
pub fn form(form_id: &FormId) -> ApiResult {
    let field = |name: &str, label: &str, kind: &str, more: &str| {
        format!("<label for=\"{name}\">{label}</label><input id=\"{name}\" name=\"{name}\" type=\"{kind}\" {more}>")
    };
    let main = format!(
        "<h1>Talk to sales</h1><form method=\"post\" action=\"/forms/{}\">{}{}{}{}{}\
         <label for=\"message\">What do you need?</label><textarea id=\"message\" name=\"message\" rows=\"4\"></textarea>\
         <div class=\"gone\" aria-hidden=\"true\"><input name=\"_gotcha\" tabindex=\"-1\" autocomplete=\"off\"></div>\
         <button>Send</button></form>",
        escape(form_id.as_str()),
        field("name", "Name", "text", "autocomplete=\"name\""),
        field("email", "Work e-mail", "email", "autocomplete=\"email\" required"),
        field("company", "Company", "text", "autocomplete=\"organization\""),
        field("title", "Job title", "text", "autocomplete=\"organization-title\""),
        field("linkedin_url", "LinkedIn", "url", "placeholder=\"https://www.linkedin.com/in/…\""),
    );
    page(200, "Talk to sales", &main)
}

/// `GET /forms/{form}/thanks`.
pub fn thanks(_form_id: &FormId) -> ApiResult {
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
