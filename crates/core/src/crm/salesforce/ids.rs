//! Ids of records: 15 characters of which the case counts, or 18 of which it does not.

/// Letters of the checksum, five bits each.
const CHECK: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";

/// An id with 18 characters, so that two spellings of one id are equal. Anything but 15 letters and digits stays as it is.
///
/// Each of the last three characters says which of five characters are capital letters, the first with the lowest bit.
///
/// ```
/// use lead_router_core::crm::salesforce::ids::full;
/// assert_eq!(full("00Q5e00000abcDE"), full(&full("00Q5e00000abcDE")));
/// assert_eq!(full("001A0000006Vm9u"), "001A0000006Vm9uIAC");
/// ```
#[must_use]
pub fn full(id: &str) -> String {
    let mut full = id.to_owned();
    if id.len() == 15 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        for five in id.as_bytes().chunks(5) {
            let capitals = five.iter().enumerate().filter(|(_, byte)| byte.is_ascii_uppercase());
            let place = capitals.fold(0_usize, |bits, (bit, _)| bits | (1 << bit));
            full.extend(CHECK.get(place).map(|byte| char::from(*byte)));
        }
    }
    full
}

/// Whether an owner is a queue, which is nobody.
#[must_use]
pub fn is_queue(owner_id: &str) -> bool {
    owner_id.starts_with("00G")
}
