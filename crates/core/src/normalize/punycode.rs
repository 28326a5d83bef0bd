//! Host names in other scripts as ASCII (RFC 3492), so that both spellings of a domain are one account.

const BASE: u32 = 36;
const T_MIN: u32 = 1;
const T_MAX: u32 = 26;
const SKEW: u32 = 38;
const DAMP: u32 = 700;
const BIAS_FIRST: u32 = 72;
const CODE_FIRST: u32 = 128;

/// The host with every label in ASCII: `münchen.de` becomes `xn--mnchen-3ya.de`.
///
/// Lower-case letters are expected. `None` when a label cannot be written within 63 bytes.
pub(super) fn ascii_host(host: &str) -> Option<String> {
    if host.is_ascii() {
        return Some(host.to_owned());
    }
    let labels: Option<Vec<String>> = host.split('.').map(ascii_label).collect();
    Some(labels?.join("."))
}

fn ascii_label(label: &str) -> Option<String> {
    if label.is_ascii() {
        return Some(label.to_owned());
    }
    let encoded = format!("xn--{}", encode(label)?);
    (encoded.len() <= 63).then_some(encoded)
}

/// The punycode of a label without the prefix, or `None` when a number overflows.
fn encode(label: &str) -> Option<String> {
    let mut output: String = label.chars().filter(char::is_ascii).collect();
    let basic = u32::try_from(output.len()).ok()?;
    let total = u32::try_from(label.chars().count()).ok()?;
    if basic > 0 {
        output.push('-');
    }
    let (mut code, mut delta, mut bias, mut handled) = (CODE_FIRST, 0_u32, BIAS_FIRST, basic);
    while handled < total {
        let next = label.chars().map(u32::from).filter(|point| *point >= code).min()?;
        delta = delta.checked_add(next.checked_sub(code)?.checked_mul(handled.checked_add(1)?)?)?;
        code = next;
        for point in label.chars().map(u32::from) {
            if point < code {
                delta = delta.checked_add(1)?;
            }
            if point == code {
                push_number(&mut output, delta, bias)?;
                bias = adapt(delta, handled.checked_add(1)?, handled == basic)?;
                delta = 0;
                handled = handled.checked_add(1)?;
            }
        }
        delta = delta.checked_add(1)?;
        code = code.checked_add(1)?;
    }
    Some(output)
}

/// Writes `delta` as a number of variable length.
fn push_number(output: &mut String, delta: u32, bias: u32) -> Option<()> {
    let mut rest = delta;
    let mut place = BASE;
    loop {
        let threshold = place.saturating_sub(bias).clamp(T_MIN, T_MAX);
        if rest < threshold {
            output.push(digit(rest)?);
            return Some(());
        }
        let above = rest.checked_sub(threshold)?;
        let span = BASE.checked_sub(threshold)?;
        output.push(digit(threshold.checked_add(above.checked_rem(span)?)?)?);
        rest = above.checked_div(span)?;
        place = place.checked_add(BASE)?;
    }
}

fn digit(value: u32) -> Option<char> {
    let value = u8::try_from(value).ok()?;
    match value {
        0..=25 => Some(char::from(b'a'.checked_add(value)?)),
        26..=35 => Some(char::from(b'0'.checked_add(value.checked_sub(26)?)?)),
        _ => None,
    }
}

fn adapt(delta: u32, count: u32, first: bool) -> Option<u32> {
    let mut delta = if first { delta.checked_div(DAMP)? } else { delta.checked_div(2)? };
    delta = delta.checked_add(delta.checked_div(count)?)?;
    let mut place = 0_u32;
    // 455 = (BASE - T_MIN) * T_MAX / 2.
    while delta > 455 {
        delta = delta.checked_div(BASE.checked_sub(T_MIN)?)?;
        place = place.checked_add(BASE)?;
    }
    let last = BASE.checked_mul(delta)?.checked_div(delta.checked_add(SKEW)?)?;
    place.checked_add(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_hosts_have_their_known_ascii_form() {
        for (host, ascii) in [
            ("münchen.de", "xn--mnchen-3ya.de"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("例え.jp", "xn--r8jz45g.jp"),
            ("пример.рф", "xn--e1afmkfd.xn--p1ai"),
            ("straße.de", "xn--strae-oqa.de"),
            ("plain.com", "plain.com"),
        ] {
            assert_eq!(ascii_host(host).as_deref(), Some(ascii), "{host}");
        }
    }

    #[test]
    fn a_label_that_would_be_too_long_has_no_form() {
        assert_eq!(ascii_host(&format!("{}.de", "ü".repeat(80))), None);
    }
}
