//! What the page of a form says about the visit.

use crate::intake::{LeadField, Name, Pair, RawLead};
use crate::limits::URL_CHARS_MAX;

/// UTM parameters with the fields they fill.
const UTM: [(&str, LeadField); 5] = [
    ("utm_source", LeadField::UtmSource),
    ("utm_medium", LeadField::UtmMedium),
    ("utm_campaign", LeadField::UtmCampaign),
    ("utm_term", LeadField::UtmTerm),
    ("utm_content", LeadField::UtmContent),
];

/// Reads the `Referer` of a post, which is the page of the form: its UTM parameters where the form sent none, and its
/// address without the query as the field `page`. A browser sends only the origin to another site unless the page asks
/// for more; then there is no path and nothing is added.
///
/// The query is left out because it may hold anything, addresses among them.
pub fn visit(raw: &mut RawLead, referer: &str) {
    let (page, query) = referer.split_once('?').unwrap_or((referer, ""));
    let query = query.split('#').next().unwrap_or_default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let known = UTM.iter().find(|(utm, _)| name.eq_ignore_ascii_case(utm)).map(|(_, known)| *known);
        if let Some(known) = known.filter(|_| !value.trim().is_empty()) {
            raw.set_default(known, &value);
        }
    }
    let name = Name::Own("page".to_owned());
    let has_path =
        page.split_once("://").is_some_and(|(_, rest)| rest.split_once('/').is_some_and(|(_, path)| !path.is_empty()));
    if has_path && page.len() <= URL_CHARS_MAX && raw.pairs.iter().all(|pair| pair.name != name) {
        raw.pairs.push(Pair { name, value: page.to_owned() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(pairs: &[(LeadField, &str)], referer: &str) -> Vec<(String, String)> {
        let mut raw = RawLead::default();
        for (known, value) in pairs {
            raw.set(*known, value);
        }
        visit(&mut raw, referer);
        raw.pairs.into_iter().map(|pair| (pair.name.path(), pair.value)).collect()
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn the_form_goes_before_the_page() {
        let url = "https://www.example.com/demo?utm_source=newsletter&UTM_Medium=e+mail&utm_term=&x=secret#y";
        let fields = after(&[(LeadField::UtmSource, "ads")], url);
        assert_eq!(
            fields,
            [
                pair("utm.source", "ads"),
                pair("utm.medium", "e mail"),
                pair("fields.page", "https://www.example.com/demo")
            ]
        );
    }

    #[test]
    fn an_origin_alone_says_nothing() {
        for url in ["https://www.example.com/", "https://www.example.com", "", "?", "about:blank"] {
            assert_eq!(after(&[], url), [], "{url}");
        }
    }
}
