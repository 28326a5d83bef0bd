//! Whose turn it is: the ledger.
//!
//! Every pick is one lead of [`LEAD_UNITS`]. It is credited to the seats that take part, in proportion to their
//! effective weights, so that `due` grows; the seat with the largest balance (due minus got) wins and pays the
//! whole lead. A seat that takes no part is credited nothing, so an absence neither earns nor costs.
//!
//! # Exactness
//!
//! A share is rounded down, at least to one unit, and what is left over goes to the winner. So equal weights
//! give equal shares and real ties, every pick credits exactly one lead, and the balances of a team always sum
//! to zero. `balance_units == due_units - got × LEAD_UNITS` for every seat, always.
//!
//! # How far a seat can be from its due
//!
//! With `n` seats, in leads, after any number of picks and whatever the weights were:
//!
//! - *Every seat takes part in every pick*: got − due < 1, because the winner's balance was above zero when it
//!   paid. And due − got ≤ 1/2 + 1/3 + … + 1/n, one less than the harmonic number `H_n`. Proof: let `A_k` be
//!   the average of the `k` largest balances. Claim: `A_k ≤ H_n − H_k`; for `k = n` both are zero. After a
//!   pick, if the winner is among the `k` largest, they were credited at most 1 and paid 1, so `A_k` did not
//!   grow. If not, the winner held at least as much as each of them, so their average is at most that of the
//!   `k + 1` largest with the credit, `A_{k+1} + 1/(k+1) ≤ H_n − H_k`.
//! - *Any subset takes part in each pick* (calendars, caps, languages, joins, leaves): |due − got| ≤ n − 1.
//!   Proof: the `k` largest balances sum to at most `k(n − k)`, by induction over picks. Let `K` be the `k`
//!   largest after a pick. If the winner is in `K`, or nobody of `K` took part, their sum did not grow. Else
//!   let `J`, of size `m`, be those of `K` who took part, credited `s ≤ 1` together; each has at most 1 more
//!   than the winner `w` after it paid. Adding up `K ∪ {w}` and `K ∖ {j}` for every `j` in `J` gives
//!   `2m · sum(K) ≤ m(k+1)(n−k−1) + m(k−1)(n−k+1) + ms + m − s`, and the right side is at most
//!   `2m · k(n−k)` because `ms + m − s ≤ 2m`. The largest is the case `k = 1`, the smallest the sum of the
//!   other `n − 1` with its sign turned. A joiner starts at zero, which only makes `n` larger.
//! - Each lead that was taken back moves the gap by at most one more, until later picks have worked it off.
//!
//! The rounding adds less than `n` units to each of these.
//!
//! # Ties
//!
//! Larger effective weight, then longest without a lead (never counts as longest), then a tie-breaker drawn from the
//! request's seed, then the smaller rep id.
//!
//! # Joining, returning, changing
//!
//! A joiner starts at zero and is not flooded. Who leaves a team keeps the seat as it was, and finds it again
//! after a return. A new weight counts from the next pick on. After an absence, [`KeepPlace`] owes nothing;
//! under [`CatchUp`] the share that leave cost (in the rep's hours, when nothing else excluded them) is written
//! down as make-up credit, at most [`MAKE_UP_CREDIT_MAX_UNITS`], and paid back by a doubled weight until it is used up. Only the
//! strategies that give shares (`fair_and_able`, `weighted`, `round_robin`) know a share to catch up.
//!
//! [`KeepPlace`]: crate::roster::model::AfterAbsence::KeepPlace
//! [`CatchUp`]: crate::roster::model::AfterAbsence::CatchUp

use crate::id::RepId;
use crate::roster::model::Seat;
use crate::time::Timestamp;
use std::cmp::Reverse;

/// One lead: shares are counted in millionths of it.
pub const LEAD_UNITS: i64 = 1_000_000;

/// Largest make-up credit of an absence: 20 leads, about a week's share of a busy rep. Who was away for months
/// is not given months of doubled load.
pub const MAKE_UP_CREDIT_MAX_UNITS: i64 = 20 * LEAD_UNITS;

/// What made a seat win.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TieBreak {
    /// Nothing was tied: the balance was the largest.
    Balance,
    /// The effective weight was larger.
    Weight,
    /// The last lead was longer ago.
    Waiting,
    /// The tie-breaker, or the smaller id.
    Random,
}

/// Who wins a turn and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// Place of the winner in the ledger.
    pub winner: u32,
    /// What decided.
    pub by: TieBreak,
}

/// A candidate in a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RotationEntry {
    /// Place in the ledger.
    pub seat: u32,
    /// Ability, in thousandths; the turn itself does not read it.
    pub ability: u32,
    /// Effective weight; 0 takes no part.
    pub effective: u32,
    /// What the turn credits, filled in by [`RotationLedger::turn`].
    pub share_units: i64,
}

/// The seats of a team side by side. What is due is not kept: it is `balance + got × LEAD_UNITS`.
#[derive(Debug, Clone, Default)]
pub struct RotationLedger {
    balances: Vec<i64>,
    rest: Vec<Rest>,
}

#[derive(Debug, Clone, Copy)]
struct Rest {
    got: u64,
    make_up_credit_units: i64,
    last_at: Option<Timestamp>,
    tie_breaker: u64,
}

impl RotationLedger {
    /// Adds a seat; `tie_breaker` is the rep's [`tie_breaker`].
    pub fn push(&mut self, tie_breaker: u64) {
        self.balances.push(0);
        self.rest.push(Rest { got: 0, make_up_credit_units: 0, last_at: None, tie_breaker });
    }

    /// How many seats there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.balances.len()
    }

    /// Whether there are no seats.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.balances.is_empty()
    }

    /// Balance of a seat; 0 when there is none.
    #[must_use]
    pub fn balance(&self, seat: usize) -> i64 {
        self.balances.get(seat).copied().unwrap_or(0)
    }

    /// Make-up credit of a seat; 0 when there is none.
    #[must_use]
    pub fn make_up_credit(&self, seat: usize) -> i64 {
        self.rest.get(seat).map_or(0, |rest| rest.make_up_credit_units)
    }

    /// A seat as it is stored.
    #[must_use]
    pub fn seat(&self, seat: usize) -> Option<Seat> {
        let (balance_units, rest) = (*self.balances.get(seat)?, self.rest.get(seat)?);
        let paid = i64::try_from(rest.got).unwrap_or(i64::MAX).saturating_mul(LEAD_UNITS);
        let due_units = balance_units.saturating_add(paid);
        Some(Seat {
            balance_units,
            got: rest.got,
            due_units,
            last_at: rest.last_at,
            make_up_credit_units: rest.make_up_credit_units,
        })
    }

    /// Takes over a seat as it was stored.
    pub fn load(&mut self, place: usize, seat: Seat) {
        if let (Some(balance), Some(rest)) = (self.balances.get_mut(place), self.rest.get_mut(place)) {
            *balance = seat.balance_units;
            *rest = Rest {
                got: seat.got,
                make_up_credit_units: seat.make_up_credit_units,
                last_at: seat.last_at,
                tie_breaker: rest.tie_breaker,
            };
        }
    }

    /// Decides one turn: fills in what every entry is credited, and names the winner. The shares sum to
    /// [`LEAD_UNITS`]. `None`, and no shares, when nobody takes part. Entries are in the order of their seats.
    pub fn turn(&self, entries: &mut [RotationEntry], seed: u64) -> Option<Turn> {
        let total = entries.iter().fold(0_u64, |sum, entry| sum.saturating_add(u64::from(entry.effective)));
        let rate = Rate::new(total)?;
        let (mut best, mut ties, mut leader, mut sum) = (i64::MIN, 0_u32, 0_usize, 0_i64);
        for (index, entry) in entries.iter_mut().enumerate().filter(|(_, entry)| entry.effective > 0) {
            entry.share_units = rate.share_units(entry.effective);
            sum = sum.saturating_add(entry.share_units);
            let standing = self.standing(entry);
            if standing > best {
                (best, ties, leader) = (standing, 1, index);
            } else if standing == best {
                ties = ties.saturating_add(1);
            }
        }
        let mut by = TieBreak::Balance;
        if ties > 1 {
            (leader, by) = self.break_tie(best, entries, seed);
        }
        let winner = entries.get_mut(leader)?;
        winner.share_units = winner.share_units.saturating_add(LEAD_UNITS.saturating_sub(sum));
        Some(Turn { winner: winner.seat, by })
    }

    /// Writes a turn: everybody is credited, the winner pays.
    pub fn settle(&mut self, entries: &[RotationEntry], winner: u32, at: Timestamp) {
        for entry in entries {
            if let Some(balance) = self.balances.get_mut(entry.seat as usize) {
                *balance = balance.saturating_add(entry.share_units);
            }
        }
        let winner = winner as usize;
        if let (Some(balance), Some(rest)) = (self.balances.get_mut(winner), self.rest.get_mut(winner)) {
            *balance = balance.saturating_sub(LEAD_UNITS);
            rest.got = rest.got.saturating_add(1);
            rest.last_at = Some(at);
        }
    }

    /// Adds to, or takes off, the make-up credit of a seat.
    pub fn add_make_up_credit(&mut self, seat: usize, units: i64) {
        if let Some(rest) = self.rest.get_mut(seat) {
            rest.make_up_credit_units = owed_after(rest.make_up_credit_units, units);
        }
    }

    fn standing(&self, entry: &RotationEntry) -> i64 {
        self.balance(entry.seat as usize).saturating_add(entry.share_units)
    }

    /// The smallest [`Rank`] among the tied, and what set it apart from the nearest of the others.
    fn break_tie(&self, best: i64, entries: &[RotationEntry], seed: u64) -> (usize, TieBreak) {
        let tied = entries.iter().enumerate().filter_map(|(index, entry)| {
            let rest = self.rest.get(entry.seat as usize)?;
            let is_tied = entry.effective > 0 && self.standing(entry) == best;
            let tie_breaker = mix(seed ^ rest.tie_breaker);
            is_tied.then_some((Rank { weight: Reverse(entry.effective), last_at: rest.last_at, tie_breaker }, index))
        });
        let mut first: Option<(Rank, usize)> = None;
        let mut second: Option<Rank> = None;
        for (rank, index) in tied {
            match first {
                Some((leader, _)) if leader <= rank => second = Some(second.map_or(rank, |other| other.min(rank))),
                leader => {
                    second = leader.map(|(rank, _)| rank);
                    first = Some((rank, index));
                }
            }
        }
        match (first, second) {
            (Some((leader, index)), Some(other)) => (index, leader.apart(&other)),
            (leader, _) => (leader.map_or(0, |(_, index)| index), TieBreak::Balance),
        }
    }
}

/// Shares of one lead for a total weight.
#[derive(Debug, Clone, Copy)]
pub struct Rate {
    total: u64,
    /// `LEAD_UNITS / total`, in units of 2^-40, rounded down.
    per_weight: u64,
}

/// Bits behind the point of [`Rate`]: as many as a million leaves room for in 64 bits.
const RATE_BITS: u32 = 40;

impl Rate {
    /// `None` for a total of 0.
    #[must_use]
    pub fn new(total: u64) -> Option<Self> {
        let per_weight = (LEAD_UNITS.unsigned_abs() << RATE_BITS).checked_div(total)?;
        Some(Self { total, per_weight })
    }

    /// Share of a weight that is part of the total: `LEAD_UNITS × weight / total`, rounded down, but at least one
    /// unit, so that nobody waits for ever. A weight of 0 has no share.
    ///
    /// Exact, without a division: the product of the weight and a rounded rate is at most one too small,
    /// because a weight has fewer than 40 bits.
    #[must_use]
    pub fn share_units(&self, weight: u32) -> i64 {
        if weight == 0 {
            return 0;
        }
        let weight = u64::from(weight);
        let units = weight.saturating_mul(self.per_weight) >> RATE_BITS;
        let next = units.saturating_add(1);
        let is_short = next.saturating_mul(self.total) <= weight.saturating_mul(LEAD_UNITS.unsigned_abs());
        i64::try_from(if is_short { next } else { units }).unwrap_or(LEAD_UNITS).max(1)
    }
}

/// Order among seats with equal balances; the smallest wins, and `None` sorts before every time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    weight: Reverse<u32>,
    last_at: Option<Timestamp>,
    tie_breaker: u64,
}

impl Rank {
    fn apart(&self, other: &Self) -> TieBreak {
        if self.weight != other.weight {
            TieBreak::Weight
        } else if self.last_at != other.last_at {
            TieBreak::Waiting
        } else {
            TieBreak::Random
        }
    }
}

impl Seat {
    /// Credits a share of a lead, or takes it back when negative.
    pub const fn credit(&mut self, units: i64) {
        self.due_units = self.due_units.saturating_add(units);
        self.balance_units = self.balance_units.saturating_add(units);
    }

    /// Takes back a payment. Without one, nothing happens and the answer is `false`.
    pub const fn unpay(&mut self) -> bool {
        if self.got == 0 {
            return false;
        }
        self.got = self.got.saturating_sub(1);
        self.balance_units = self.balance_units.saturating_add(LEAD_UNITS);
        true
    }

    /// Adds to, or takes off, the make-up credit.
    pub fn add_make_up_credit(&mut self, units: i64) {
        self.make_up_credit_units = owed_after(self.make_up_credit_units, units);
    }
}

/// Make-up credit is never negative and never more than [`MAKE_UP_CREDIT_MAX_UNITS`].
fn owed_after(make_up_credit_units: i64, change: i64) -> i64 {
    make_up_credit_units.saturating_add(change).clamp(0, MAKE_UP_CREDIT_MAX_UNITS)
}

/// The part of a rep's tie-breaker that does not depend on the lead: the 64-bit FNV-1a hash of the id.
#[must_use]
pub fn tie_breaker(rep: &RepId) -> u64 {
    rep.as_str()
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// One step of splitmix64: every bit of the seed reaches every bit of the tie-breaker.
const fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
