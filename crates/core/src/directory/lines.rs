//! Line numbers in a file that is read record by record.

/// Line numbers of byte offsets that only grow. The reader's own are one too small after `\r\n`, since it leaves the
/// `\n` to the next record.
pub(super) struct Lines<'a> {
    bytes: &'a [u8],
    counted: usize,
    line: u32,
}

impl<'a> Lines<'a> {
    /// Nothing counted yet.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, counted: 0, line: 1 }
    }

    /// Line of the first character at or after `offset` that is not a line end, counted from 1.
    pub fn at(&mut self, offset: u64) -> u32 {
        let offset = usize::try_from(offset).unwrap_or(usize::MAX);
        let rest = self.bytes.get(offset..).unwrap_or_default();
        let ends = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let until = offset.saturating_add(ends);
        let passed = self.bytes.get(self.counted..until).unwrap_or_default();
        let found = passed.iter().filter(|byte| **byte == b'\n').count();
        self.line = self.line.saturating_add(u32::try_from(found).unwrap_or(u32::MAX));
        self.counted = until.max(self.counted);
        self.line
    }
}
