//! Why a pick chose a rep.

/// Why this rep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PickReason {
    /// Nobody else could take it.
    OnlyOneEligible,
    /// Furthest behind what is due.
    LargestShortfall,
    /// As far behind as others, with a larger share.
    LargerShare,
    /// As far behind as others with the same share, and longest without a lead.
    LongestWaiting,
    /// Equal in everything: decided at random.
    DrawnByLot,
    /// The most room; equal room is shared out by the ledger.
    LeastLoaded,
    /// The best match; equal matches go by room, then by the ledger.
    BestFit,
    /// Asked for as the owner of the account.
    AccountOwner,
    /// Asked for as the one who has the person already.
    SamePerson,
    /// Asked for as the manager of the team.
    TeamManager,
}

impl PickReason {
    /// Every reason.
    pub const ALL: [Self; 10] = [
        Self::OnlyOneEligible,
        Self::LargestShortfall,
        Self::LargerShare,
        Self::LongestWaiting,
        Self::DrawnByLot,
        Self::LeastLoaded,
        Self::BestFit,
        Self::AccountOwner,
        Self::SamePerson,
        Self::TeamManager,
    ];

    /// The stable code that records and answers carry.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::OnlyOneEligible => "only_one_eligible",
            Self::LargestShortfall => "largest_shortfall",
            Self::LargerShare => "larger_share",
            Self::LongestWaiting => "longest_waiting",
            Self::DrawnByLot => "drawn_by_lot",
            Self::LeastLoaded => "least_loaded",
            Self::BestFit => "best_fit",
            Self::AccountOwner => "account_owner",
            Self::SamePerson => "same_person",
            Self::TeamManager => "team_manager",
        }
    }
}
