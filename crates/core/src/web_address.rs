//! Addresses of the web that go into headers, pages and messages: one check for all of them.

use crate::limits::URL_CHARS_MAX;
use core::net::{Ipv4Addr, Ipv6Addr};

/// Whether a text is an absolute address to which people may be sent: `https` (`http` for this machine alone), a host
/// without user and password, and nothing that could end a header, an attribute or a link: no control characters, no
/// spaces, no quotes, no `\`, `<` or `>`. Other letters than ASCII have to be percent-encoded.
///
/// Written here because the `url` crate brings the tables of international names, 200 KB of the program, and accepts what
/// is refused here: it strips line ends and turns `\` into `/`.
#[must_use]
pub fn is_web_address(text: &str) -> bool {
    parts(text).is_some_and(|parts| parts.is_https || is_this_machine(parts.host))
}

/// Whether a text is an origin as browsers send it: `https://host` or `http://host`, with a port or without, nothing
/// behind it.
#[must_use]
pub fn is_origin(text: &str) -> bool {
    parts(text).is_some_and(|parts| parts.rest.is_empty())
}

/// Host of an address, without port and brackets; `None` for what is no address.
#[must_use]
pub fn host_of(text: &str) -> Option<&str> {
    parts(text).map(|parts| parts.host)
}

struct Parts<'a> {
    is_https: bool,
    host: &'a str,
    /// Path, query and fragment.
    rest: &'a str,
}

fn parts(text: &str) -> Option<Parts<'_>> {
    let is_clean =
        text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'`' | b'<' | b'>' | b'\\'));
    if !is_clean || text.len() > URL_CHARS_MAX {
        return None;
    }
    let (scheme, behind) = text.split_once("://")?;
    let is_https = scheme.eq_ignore_ascii_case("https");
    if !is_https && !scheme.eq_ignore_ascii_case("http") {
        return None;
    }
    let (authority, rest) = behind.split_at(behind.find(['/', '?', '#']).unwrap_or(behind.len()));
    let (host, port) = match authority.strip_prefix('[') {
        Some(inner) => {
            let (host, port) = inner.split_once(']')?;
            host.parse::<Ipv6Addr>().ok()?;
            (host, port)
        }
        None => {
            let (host, port) = authority.split_at(authority.find(':').unwrap_or(authority.len()));
            (host, is_host(host).then_some(port)?)
        }
    };
    let is_port = port.is_empty()
        || port
            .strip_prefix(':')
            .is_some_and(|port| port.parse::<u16>().is_ok_and(|port| port > 0) && !port.starts_with('+'));
    is_port.then_some(Parts { is_https, host, rest })
}

/// Whether a text is a name of the DNS, or an address of IPv4: what ends with a number has to be one.
fn is_host(host: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let name = host.strip_suffix('.').unwrap_or(host);
    let ends_with_number = name.rsplit('.').next().is_some_and(|label| {
        label.starts_with(|first: char| first.is_ascii_digit())
            && label.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'x' || byte == b'X')
    });
    name.len() <= 253 && name.split('.').all(is_label) && (!ends_with_number || name.parse::<Ipv4Addr>().is_ok())
}

fn is_this_machine(host: &str) -> bool {
    let lower = host.to_ascii_lowercase();
    lower == "localhost"
        || lower.ends_with(".localhost")
        || lower.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
        || lower.parse::<Ipv6Addr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_pages_pass() {
        for url in [
            "https://www.example.com",
            "https://www.example.com/thanks?x=1&y=%20#top",
            "HTTPS://Example.com:8443/",
            "https://xn--bcher-kva.example/",
            "https://192.0.2.7/x",
            "https://[2001:db8::1]:8443/x",
            "https://book.example/~ann/(30min)",
            "http://localhost:8787/x",
            "http://127.0.0.1:8787",
            "http://[::1]/",
        ] {
            assert!(is_web_address(url), "{url}");
        }
    }

    #[test]
    fn what_could_break_out_of_a_header_or_a_page_does_not() {
        for url in [
            "https://a.example/\r\nset-cookie: x",
            "https://a.example/\n",
            "https://a.example/\t",
            "https://a.example/ x",
            "https://a.example/\"x",
            "https://a.example/'x",
            "https://a.example/`x",
            "https://a.example\\@b.example",
            "https://a.example/<b>",
            "https://a.example/\u{0}",
            "https://a.example/\u{85}",
            "https://\u{e4}.example",
        ] {
            assert!(!is_web_address(url), "{url:?}");
        }
    }

    #[test]
    fn what_is_no_page_of_a_host_does_not() {
        for url in [
            "",
            "https",
            "https://",
            "https:///x",
            "//a.example",
            "/thanks",
            "javascript:alert(1)",
            "data:text/html,x",
            "ftp://a.example",
            "http://a.example",
            "https://ann:secret@a.example",
            "https://a.example:0",
            "https://a.example:99999",
            "https://a.example:+1",
            "https://a.example:x",
            "https://a..example",
            "https://-a.example",
            "https://a_b-.example",
            "https://[::1",
            "https://[x]",
            "https://[::1]x",
            "https://256.1.1.1",
            "https://0x7f.1",
            "https://1234",
            "https://*.example",
            "http://localhost.example",
            "http://127.0.0.1.example",
        ] {
            assert!(!is_web_address(url), "{url}");
        }
    }

    #[test]
    fn the_limit_is_2048_characters() {
        let url = |length: usize| format!("https://a.example/{}", "x".repeat(length - "https://a.example/".len()));
        assert!(is_web_address(&url(URL_CHARS_MAX)));
        assert!(!is_web_address(&url(URL_CHARS_MAX + 1)));
    }

    #[test]
    fn an_origin_has_nothing_behind_it() {
        assert!(is_origin("https://www.example.com:8443") && is_origin("http://intranet"));
        for text in ["https://a.example/", "https://a.example?", "https://a.example#", "null", "*", "https://*.example"]
        {
            assert!(!is_origin(text), "{text}");
        }
        assert_eq!(host_of("https://WWW.example.com:1/x"), Some("WWW.example.com"));
    }
}
