//! Who is counted as one client when requests are limited.

use core::net::{IpAddr, Ipv6Addr};

/// What one client's requests are counted under: an IPv4 address, or the first 64 bits of an IPv6 address, since one
/// person has all addresses behind them. A text that is no address is its own key, cut to 64 characters.
#[must_use]
pub fn client_key(address: &str) -> String {
    match address.trim().parse() {
        Ok(IpAddr::V4(address)) => address.to_string(),
        Ok(IpAddr::V6(address)) => match address.to_ipv4_mapped() {
            Some(address) => address.to_string(),
            None => prefix(address),
        },
        Err(_) => address.chars().take(64).collect(),
    }
}

fn prefix(address: Ipv6Addr) -> String {
    let [a, b, c, d, ..] = address.segments();
    format!("{a:x}:{b:x}:{c:x}:{d:x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_of_one_household_is_one_client() {
        for (address, key) in [
            ("203.0.113.7", "203.0.113.7"),
            (" 203.0.113.7 ", "203.0.113.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2"),
            ("2001:db8:1:2::", "2001:db8:1:2"),
            ("2001:db8:1:3::1", "2001:db8:1:3"),
            ("::ffff:203.0.113.7", "203.0.113.7"),
            ("nonsense", "nonsense"),
            ("", ""),
        ] {
            assert_eq!(client_key(address), key, "{address}");
        }
    }
}
