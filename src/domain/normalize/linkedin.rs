//! LinkedIn profiles in one spelling.

/// The canonical form of a personal profile's URL, `linkedin.com/in/<slug>`, lower case.
///
/// Country hosts, languages behind the slug, queries and a missing scheme make no difference. `None` for company
/// pages, searches and texts that are no profile.
///
/// ```
/// use lead_router::domain::normalize::linkedin_profile;
/// let profile = linkedin_profile("https://de.linkedin.com/in/Ann-Lee-42/?trk=x");
/// assert_eq!(profile.as_deref(), Some("linkedin.com/in/ann-lee-42"));
/// assert_eq!(linkedin_profile("https://www.linkedin.com/company/acme"), None);
/// ```
#[must_use]
pub fn linkedin_profile(text: &str) -> Option<String> {
    let text = text.trim().to_lowercase();
    let rest = text.split_once("://").map_or(text.as_str(), |(_, rest)| rest);
    let rest = rest.trim_start_matches('/');
    let path = match rest.split_once('/') {
        Some((host, path)) if host == "linkedin.com" || host.ends_with(".linkedin.com") => path,
        Some(("in", _)) => rest,
        _ => return None,
    };
    let slug = path.strip_prefix("in/")?.split(['/', '?', '#']).next()?;
    is_slug(slug).then(|| format!("linkedin.com/in/{slug}"))
}

/// LinkedIn allows 3 to 100 letters, digits and hyphens; letters of other scripts come percent-encoded.
fn is_slug(slug: &str) -> bool {
    (3..=300).contains(&slug.len())
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
