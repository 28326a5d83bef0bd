//! What every calendar of a pool says now, remembered until it changes.

use crate::roster::calendar::{Calendar, ShiftWindow};
use crate::time::Timestamp;

/// One [`ShiftWindow`] per calendar, and the stretch of time in which all of them hold.
#[derive(Debug, Default)]
pub(super) struct Windows {
    list: Vec<ShiftWindow>,
    from: Timestamp,
    until: Timestamp,
}

impl Windows {
    /// The windows at `now`, one per calendar. Only those that no longer hold are looked up again, so the
    /// cost of a change at nine o'clock is paid once.
    pub fn at(&mut self, now: Timestamp, calendars: &[Calendar]) -> &[ShiftWindow] {
        let is_fresh = self.list.len() == calendars.len() && self.from <= now && now < self.until;
        if !is_fresh {
            self.refresh(now, calendars);
        }
        &self.list
    }

    fn refresh(&mut self, now: Timestamp, calendars: &[Calendar]) {
        if self.list.len() == calendars.len() {
            for (window, calendar) in self.list.iter_mut().zip(calendars) {
                if now < window.from || window.until <= now {
                    *window = calendar.window(now);
                }
            }
        } else {
            self.list = calendars.iter().map(|calendar| calendar.window(now)).collect();
        }
        self.from = self.list.iter().map(|window| window.from).max().unwrap_or(now);
        self.until = self.list.iter().map(|window| window.until).min().unwrap_or(now);
    }
}
