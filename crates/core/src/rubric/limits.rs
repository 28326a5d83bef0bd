//! Limits of a rubric, named, with their derivation. A rubric past one of them is refused by
//! [`check`](crate::rubric::check::check), never cut.

/// Largest rubric text, in bytes. 10,000 territories of 200 bytes are 2 MB; twice that.
pub const RUBRIC_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Deepest nesting of the JSON text: [`CONDITION_DEPTH_MAX`] conditions take two levels each, the rest of the
/// file six; rounded up.
pub const JSON_DEPTH_MAX: u32 = 48;

/// Most keys of one object: four times [`GROUPS_MAX`], the only object whose keys are free. Bounds the search for repeated keys.
pub const OBJECT_KEYS_MAX: usize = 256;

/// Most problems that are reported at once. A page of them is enough to start with.
pub const PROBLEMS_MAX: usize = 200;

/// Most criteria. The largest scoring models in use have some hundred.
pub const CRITERIA_MAX: usize = 1_000;

/// Most bands of one criterion.
pub const BANDS_MAX: usize = 64;

/// Most groups.
pub const GROUPS_MAX: usize = 64;

/// Most tiers.
pub const TIERS_MAX: usize = 16;

/// Most overrides.
pub const OVERRIDES_MAX: usize = 1_000;

/// Most territories: the postal areas of a large country.
pub const TERRITORIES_MAX: usize = 10_000;

/// Most routes.
pub const ROUTES_MAX: usize = 10_000;

/// Deepest nesting of a condition.
pub const CONDITION_DEPTH_MAX: usize = 16;

/// Most parts of one `all` or `any`.
pub const PARTS_MAX: usize = 256;

/// Most values of one test: a list of named accounts.
pub const VALUES_MAX: usize = 10_000;

/// Longest text value of a test, in bytes.
pub const VALUE_BYTES_MAX: usize = 200;

/// Longest name or reason, in bytes: two lines in a notification.
pub const REASON_BYTES_MAX: usize = 400;

/// Most points that one outcome, one cap or one threshold may be, either way. With [`CRITERIA_MAX`] criteria every sum
/// stays below 2^31.
pub const POINTS_MAX: i32 = 1_000;

/// Longest time for the first touch, in working minutes: 30 days.
pub const SLA_MINUTES_MAX: u32 = 43_200;

/// Longest half-life or window of a signal, in days: ten years.
pub const DAYS_MAX: u32 = 3_650;

/// Shortest and longest wait for enrichment, in milliseconds: below the first no provider answers, above the second
/// the sender has gone.
pub const DEADLINE_MS: std::ops::RangeInclusive<u32> = 100..=20_000;

/// Most accounts of the directory about which providers are asked in an hour: one every four seconds.
pub const WARM_ACCOUNTS_PER_HOUR_MAX: u32 = 1_000;

/// Most stages of the waterfall.
pub const STAGES_MAX: usize = 8;

/// Most providers in one stage: the platform opens six connections at a time.
pub const STAGE_PROVIDERS_MAX: usize = 6;
