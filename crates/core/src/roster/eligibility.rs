//! Who can take a lead, and the one reason why somebody cannot.
//!
//! The checks run in the order of [`Exclusion`], and the first that fails is the reason. Four kinds:
//!
//! - *Hard*, whatever the shift: `unknown_rep` to `skill`. A rep who lists no languages (or no territories)
//!   takes all of them; needed skills must all be listed.
//! - *Shift*: a rep is on shift in time when they work now or start within the SLA by the wall clock.
//!   When nobody is, and the team works that way, those take part whose next shift starts within
//!   [`NEXT_SHIFT_MINUTES`] of the earliest one.
//! - *Soft*: [`is_unresponsive`] is skipped while anybody else remains, under the strategies
//!   `fair_and_able`, `least_loaded` and `best_fit`. Shares that an operator set by hand (`weighted`,
//!   `round_robin`) are left alone.
//! - For a rep who is asked for by name (owner, duplicate, manager) only `unknown_rep`, `inactive`,
//!   `calendar_broken` and `on_leave` count, and for an owner the caps when asked to.

use crate::id::TierId;
use crate::roster::ability::{presence, readiness, responsiveness, room_to_work};
use crate::roster::calendar::ShiftWindow;
use crate::roster::model::{Recent, Rep, RepState};
use crate::roster::needs::Members;
use std::collections::BTreeMap;

/// When nobody is on shift in time, the next shifts that take part start within this time of the earliest, in
/// minutes: colleagues who start at 8:30 and 9:00 share the leads of the night.
pub const NEXT_SHIFT_MINUTES: u32 = 60;

/// Fewest leads looked at before a rep can count as unresponsive.
pub const UNRESPONSIVE_OF_MIN: u32 = 20;

/// Largest part of them worked in time that still counts as unresponsive, in percent.
pub const UNRESPONSIVE_PERCENT_MAX: u32 = 10;

/// Why a rep cannot take a lead. The order is the precedence: the first that holds is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exclusion {
    /// The team names a rep whom nobody described.
    UnknownRep,
    /// The rep no longer works here.
    Inactive,
    /// The rep's time zone, hours or leave cannot be read, so nobody knows when they work.
    CalendarBroken,
    /// Leave covers this time.
    OnLeave,
    /// The team gives the rep no share.
    WeightZero,
    /// The rep had this lead already.
    AlreadyHadIt,
    /// As many open leads as the cap allows.
    OpenLeadsFull,
    /// As many leads today, in the rep's zone, as the cap allows.
    DayFull,
    /// As many open leads of this tier as the cap allows.
    TierFull,
    /// The rep lists languages, and not this one.
    Language,
    /// The rep lists territories, and not this one.
    Territory,
    /// A needed skill is missing.
    Skill,
    /// The rep does not start in time.
    OffShift,
    /// The rep left nearly all of the last leads unworked, and someone else can take this one.
    Unresponsive,
}

impl Exclusion {
    /// Every reason, in the order of precedence.
    pub const ALL: [Self; 14] = [
        Self::UnknownRep,
        Self::Inactive,
        Self::CalendarBroken,
        Self::OnLeave,
        Self::WeightZero,
        Self::AlreadyHadIt,
        Self::OpenLeadsFull,
        Self::DayFull,
        Self::TierFull,
        Self::Language,
        Self::Territory,
        Self::Skill,
        Self::OffShift,
        Self::Unresponsive,
    ];

    /// The stable code that records and answers carry.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::UnknownRep => "unknown_rep",
            Self::Inactive => "inactive",
            Self::CalendarBroken => "calendar_broken",
            Self::OnLeave => "on_leave",
            Self::WeightZero => "weight_zero",
            Self::AlreadyHadIt => "already_had_it",
            Self::OpenLeadsFull => "open_leads_full",
            Self::DayFull => "day_full",
            Self::TierFull => "tier_full",
            Self::Language => "language",
            Self::Territory => "territory",
            Self::Skill => "skill",
            Self::OffShift => "off_shift",
            Self::Unresponsive => "unresponsive",
        }
    }
}

/// Whether a rep left nearly all of their last leads unworked: at most [`UNRESPONSIVE_PERCENT_MAX`] of at
/// least [`UNRESPONSIVE_OF_MIN`]. A newcomer never is.
#[must_use]
pub const fn is_unresponsive(recent: Recent) -> bool {
    recent.of >= UNRESPONSIVE_OF_MIN
        && recent.worked_in_time.saturating_mul(100) <= recent.of.saturating_mul(UNRESPONSIVE_PERCENT_MAX)
}

/// Stands for "no cap" in a [`RepRow`].
pub(super) const NO_CAP: u32 = u32::MAX;

/// Stands for "no calendar that can be read" in a [`RepRow`].
pub(super) const NO_CALENDAR: u32 = u32::MAX;

/// What a pick reads of a rep, in a few bytes side by side: a team of thousands is read in one go.
#[derive(Debug, Clone, Copy)]
pub(super) struct RepRow {
    /// Position of the calendar, or [`NO_CALENDAR`].
    pub calendar: u32,
    /// Open leads.
    pub open_leads: u32,
    /// Most open leads, or [`NO_CAP`].
    pub open_cap: u32,
    /// Leads given on `day`.
    pub given_today: u32,
    /// Most leads a day, or [`NO_CAP`].
    pub day_cap: u32,
    /// Day of `given_today`.
    pub day: i32,
    /// Presence and responsiveness, in thousandths.
    pub readiness: u16,
    /// Responsiveness, in thousandths.
    pub responsiveness: u16,
    /// Room to work against the rep's own cap, in thousandths; 0 when the team's average decides.
    pub room: u16,
    /// Whether anybody described the rep.
    pub is_known: bool,
    /// Whether the rep works here.
    pub is_active: bool,
    /// See [`is_unresponsive`].
    pub is_unresponsive: bool,
    /// Whether the rep has caps by tier.
    pub has_tier_caps: bool,
    /// Whether nothing but calendar, weight and needs can stand in the way: one look in place of six.
    pub is_clear: bool,
}

impl RepRow {
    /// A rep whom a team names and nobody described.
    pub const UNKNOWN: Self = Self {
        calendar: NO_CALENDAR,
        open_leads: 0,
        open_cap: NO_CAP,
        given_today: 0,
        day_cap: NO_CAP,
        day: 0,
        readiness: 0,
        responsiveness: 0,
        room: 0,
        is_known: false,
        is_active: false,
        is_unresponsive: false,
        has_tier_caps: false,
        is_clear: false,
    };

    /// Reads a rep and their state.
    pub fn new(rep: &Rep, state: &RepState, calendar: u32) -> Self {
        let responsiveness = responsiveness(state.recent);
        let row = Self {
            calendar,
            open_leads: state.open_leads,
            open_cap: rep.capacity.open_leads.unwrap_or(NO_CAP),
            given_today: state.given_today,
            day_cap: rep.capacity.per_day.unwrap_or(NO_CAP),
            day: state.day,
            readiness: readiness(presence(state.status), responsiveness),
            responsiveness,
            room: rep.capacity.open_leads.map_or(0, |cap| room_to_work(state.open_leads, cap)),
            is_known: true,
            is_active: rep.active,
            is_unresponsive: is_unresponsive(state.recent),
            has_tier_caps: !rep.capacity.per_tier.is_empty(),
            is_clear: false,
        };
        Self { is_clear: row.is_clear(), ..row }
    }

    fn is_clear(&self) -> bool {
        let is_readable = self.is_known && self.is_active && self.calendar != NO_CALENDAR;
        // Why the day of the count: on any later day there is only more room.
        is_readable && !self.has_tier_caps && self.full(self.day).is_none()
    }

    /// Leads given on a local day. A day before the last one counted (a clock that was set back) goes on
    /// counting, so that a cap is never broken by it.
    pub const fn given_on(&self, day: i32) -> u32 {
        if self.day >= day { self.given_today } else { 0 }
    }

    /// Counts one more lead, given on a local day.
    pub fn hand_out(&mut self, day: i32) {
        self.given_today = self.given_on(day).saturating_add(1);
        self.day = self.day.max(day);
        self.open_leads = self.open_leads.saturating_add(1);
        if self.room != 0 {
            self.room = room_to_work(self.open_leads, self.open_cap);
        }
        self.is_clear = self.is_clear();
    }

    /// The cap on everything, or on a day, that is reached.
    pub const fn full(&self, day: i32) -> Option<Exclusion> {
        if self.open_cap != NO_CAP && self.open_leads >= self.open_cap {
            return Some(Exclusion::OpenLeadsFull);
        }
        if self.day_cap != NO_CAP && self.given_on(day) >= self.day_cap {
            return Some(Exclusion::DayFull);
        }
        None
    }
}

/// A rep's cap on a tier, and how much of it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TierRoom {
    /// Position of the tier.
    pub tier: u16,
    /// Most open leads.
    pub cap: u32,
    /// Open leads.
    pub open: u32,
}

impl TierRoom {
    /// The rooms of a rep.
    pub fn all(rep: &Rep, state: &RepState, tiers: &BTreeMap<TierId, u16>) -> Vec<Self> {
        let room = |(tier, cap): (&TierId, &u32)| {
            let open = state.open_by_tier.get(tier).copied().unwrap_or(0);
            Some(Self { tier: *tiers.get(tier)?, cap: *cap, open })
        };
        rep.capacity.per_tier.iter().filter_map(room).collect()
    }

    /// Whether the rooms leave none for this tier.
    pub fn is_full(rooms: &[Self], tier: Option<u16>) -> bool {
        rooms.iter().any(|room| Some(room.tier) == tier && room.open >= room.cap)
    }
}

/// What a lead asks, in terms of a team's members; `None` is asked of nobody.
#[derive(Debug, Default)]
pub(super) struct MemberNeeds {
    /// Members who had this lead.
    had: Option<Members>,
    /// Members who take the language.
    language: Option<Members>,
    /// Members who take the territory.
    territory: Option<Members>,
    /// Members with every skill.
    skills: Option<Members>,
    /// Members whom none of these shuts out.
    fit: Option<Members>,
    /// Position of the tier, when anybody caps it.
    tier: Option<u16>,
}

impl MemberNeeds {
    /// Puts the question together.
    pub fn new(
        had: Option<Members>,
        language: Option<Members>,
        territory: Option<Members>,
        skills: Option<Members>,
        tier: Option<u16>,
    ) -> Self {
        let mut fit: Option<Members> = had.clone().map(Members::inverted);
        for members in [&language, &territory, &skills].into_iter().flatten() {
            match &mut fit {
                Some(fit) => fit.intersect(members),
                None => fit = Some(members.clone()),
            }
        }
        Self { had, language, territory, skills, fit, tier }
    }

    /// Whether neither needs nor earlier owners shut the member out.
    pub fn fits(&self, index: usize) -> bool {
        self.fit.as_ref().is_none_or(|fit| fit.contains(index))
    }

    /// The first check besides calendar and shift that fails for the member at `index`.
    pub fn obstacle(
        &self,
        index: usize,
        weight: u32,
        row: &RepRow,
        rooms: &[TierRoom],
        window: &ShiftWindow,
    ) -> Option<Exclusion> {
        if weight == 0 {
            return Some(Exclusion::WeightZero);
        }
        if self.had.as_ref().is_some_and(|had| had.contains(index)) {
            return Some(Exclusion::AlreadyHadIt);
        }
        if let Some(full) = row.full(window.day) {
            return Some(full);
        }
        if row.has_tier_caps && TierRoom::is_full(rooms, self.tier) {
            return Some(Exclusion::TierFull);
        }
        let lacks = |members: &Option<Members>| members.as_ref().is_some_and(|members| !members.contains(index));
        if lacks(&self.language) {
            return Some(Exclusion::Language);
        }
        if lacks(&self.territory) {
            return Some(Exclusion::Territory);
        }
        lacks(&self.skills).then_some(Exclusion::Skill)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct_and_in_the_order_of_precedence() {
        let mut codes: Vec<&str> = Exclusion::ALL.iter().map(|exclusion| exclusion.code()).collect();
        assert!(Exclusion::ALL.is_sorted());
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), Exclusion::ALL.len());
    }

    #[test]
    fn unresponsive_starts_at_a_tenth_of_twenty() {
        for (worked_in_time, of, expected) in
            [(0, 30, true), (3, 30, true), (4, 30, false), (2, 20, true), (0, 19, false), (0, 0, false)]
        {
            assert_eq!(is_unresponsive(Recent { worked_in_time, of }), expected, "{worked_in_time} of {of}");
        }
    }

    #[test]
    fn a_clock_set_back_over_midnight_does_not_open_the_daily_cap() {
        let row =
            RepRow { day: 20_000, given_today: 5, day_cap: 5, is_known: true, is_active: true, ..RepRow::UNKNOWN };
        assert_eq!(row.full(19_999), Some(Exclusion::DayFull));
        assert_eq!(row.full(20_000), Some(Exclusion::DayFull));
        assert_eq!(row.full(20_001), None);
    }
}
