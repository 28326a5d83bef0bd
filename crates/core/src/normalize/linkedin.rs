//! LinkedIn profiles and pages of companies in one spelling.

/// The canonical form of a personal profile's URL, `linkedin.com/in/<slug>`, lower case.
///
/// Country hosts, languages behind the slug, queries and a missing scheme make no difference. `None` for company
/// pages, searches and texts that are no profile.
///
/// ```
/// use lead_router_core::normalize::linkedin_profile;
/// let profile = linkedin_profile("https://de.linkedin.com/in/Ann-Lee-42/?trk=x");
/// assert_eq!(profile.as_deref(), Some("linkedin.com/in/ann-lee-42"));
/// assert_eq!(linkedin_profile("https://www.linkedin.com/company/acme"), None);
/// ```
#[must_use]
pub fn linkedin_profile(text: &str) -> Option<String> {
    // LinkedIn allows 3 to 100 letters, digits and hyphens; letters of other scripts come percent-encoded.
    slug_behind(text, "in").filter(|slug| slug.len() >= 3).map(|slug| format!("linkedin.com/in/{slug}"))
}

/// The canonical form of a company's page, `linkedin.com/company/<slug>`, or `linkedin.com/school/<slug>`, lower case;
/// otherwise like [`linkedin_profile`].
///
/// ```
/// use lead_router_core::normalize::linkedin_company;
/// let page = linkedin_company("http://www.linkedin.com/company/Acme/about?x=1");
/// assert_eq!(page.as_deref(), Some("linkedin.com/company/acme"));
/// ```
#[must_use]
pub fn linkedin_company(text: &str) -> Option<String> {
    let page = |kind: &str| slug_behind(text, kind).map(|slug| format!("linkedin.com/{kind}/{slug}"));
    page("company").or_else(|| page("school"))
}

/// What follows `/<kind>/` in an address of LinkedIn, or in a path that begins with the kind.
fn slug_behind(text: &str, kind: &str) -> Option<String> {
    let text = text.trim().to_lowercase();
    let rest = text.split_once("://").map_or(text.as_str(), |(_, rest)| rest);
    let rest = rest.trim_start_matches('/');
    let path = match rest.split_once('/') {
        Some((host, path)) if host == "linkedin.com" || host.ends_with(".linkedin.com") => path,
        Some((first, _)) if first == kind => rest,
        _ => return None,
    };
    let slug = path.strip_prefix(kind)?.strip_prefix('/')?.split(['/', '?', '#']).next()?;
    is_slug(slug).then(|| slug.to_owned())
}

fn is_slug(slug: &str) -> bool {
    (1..=300).contains(&slug.len())
        && slug.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '-' | '_' | '%'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_have_one_form() {
        for text in [
            "linkedin.com/in/ann-lee",
            "www.linkedin.com/in/ann-lee/",
            "HTTP://LinkedIn.com/in/Ann-Lee/de",
            "https://uk.linkedin.com/in/ann-lee?originalSubdomain=uk",
            "//linkedin.com/in/ann-lee#x",
            "/in/ann-lee",
            "in/ann-lee",
        ] {
            assert_eq!(linkedin_profile(text).as_deref(), Some("linkedin.com/in/ann-lee"), "{text}");
        }
    }

    #[test]
    fn pages_of_companies_have_one_form() {
        for (text, expected) in [
            ("linkedin.com/company/hp", Some("linkedin.com/company/hp")),
            ("https://se.linkedin.com/company/Alfa-Laval/", Some("linkedin.com/company/alfa-laval")),
            ("company/acme", Some("linkedin.com/company/acme")),
            ("https://www.linkedin.com/school/mit/", Some("linkedin.com/school/mit")),
            ("https://www.linkedin.com/in/ann-lee", None),
            ("https://www.linkedin.com/company/", None),
            ("https://evil-linkedin.com/company/acme", None),
            ("companyacme", None),
            ("acme", None),
        ] {
            assert_eq!(linkedin_company(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn other_texts_have_none() {
        for text in [
            "",
            "ann-lee",
            "https://linkedin.com/",
            "https://linkedin.com/in/",
            "https://linkedin.com/in/ab",
            "https://linkedin.com/in/ann lee",
            "https://evil-linkedin.com/in/ann-lee",
            "https://linkedin.com.evil.example/in/ann-lee",
        ] {
            assert_eq!(linkedin_profile(text), None, "{text}");
        }
    }
}
