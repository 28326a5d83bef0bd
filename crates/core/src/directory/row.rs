//! From the cells of a row to a checked row.

use crate::directory::{AccountStatus, DirectoryRow};
use crate::error::Problem;
use crate::id::RepId;
use crate::limits::VALUE_CHARS_MAX;
use crate::normalize::{clean, collapse, country_code, domain_of, industry_code, nearest, whole_number};

/// A column of the directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum DirectoryColumn {
    Domain,
    Name,
    Employees,
    RevenueUsd,
    Industry,
    Country,
    NamedAccount,
    OwnerRepId,
    Status,
}

impl DirectoryColumn {
    const ALL: [Self; 9] = [
        Self::Domain,
        Self::Name,
        Self::Employees,
        Self::RevenueUsd,
        Self::Industry,
        Self::Country,
        Self::NamedAccount,
        Self::OwnerRepId,
        Self::Status,
    ];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Domain => "domain",
            Self::Name => "name",
            Self::Employees => "employees",
            Self::RevenueUsd => "revenue_usd",
            Self::Industry => "industry",
            Self::Country => "country",
            Self::NamedAccount => "named_account",
            Self::OwnerRepId => "owner_rep_id",
            Self::Status => "status",
        }
    }

    /// The column with this name; letter case, and spaces for `_`, make no difference.
    ///
    /// # Errors
    /// A problem with the nearest name, when there is none.
    pub(super) fn named(name: &str) -> Result<Self, Problem> {
        let plain = collapse(name).to_lowercase().replace([' ', '-'], "_");
        if let Some(column) = Self::ALL.into_iter().find(|column| column.as_str() == plain) {
            return Ok(column);
        }
        let shown: String = plain.chars().filter(|c| !c.is_control()).take(64).collect();
        let problem = Problem::new(shown, "unknown_column", "unknown column");
        Err(match nearest(&plain, Self::ALL.iter().map(|column| column.as_str())) {
            Some(column) => problem.with_help(format!("did you mean `{column}`?")),
            None => problem.with_help(format!("the columns are {}", Self::ALL.map(Self::as_str).join(", "))),
        })
    }
}

/// Makes a row from its cells, or names everything that is wrong with them. Empty cells are unknown values.
pub(super) fn row(cells: &[(DirectoryColumn, String)]) -> Result<DirectoryRow, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut row = blank();
    for (column, text) in cells {
        let text = collapse(&clean(text));
        if text.is_empty() {
            continue;
        }
        if let Err((code, message)) = fill(&mut row, *column, text) {
            problems.push(Problem::new(column.as_str(), code, message));
        }
    }
    if row.domain.is_empty() && problems.iter().all(|problem| problem.path != DirectoryColumn::Domain.as_str()) {
        problems.push(Problem::new(
            DirectoryColumn::Domain.as_str(),
            "missing_domain",
            "expected a domain such as `acme.com`",
        ));
    }
    if problems.is_empty() { Ok(row) } else { Err(problems) }
}

type Wrong = (&'static str, String);

fn fill(row: &mut DirectoryRow, column: DirectoryColumn, text: String) -> Result<(), Wrong> {
    if text.chars().any(char::is_control) {
        return Err(("control_character", "remove control characters".to_owned()));
    }
    if text.chars().count() > VALUE_CHARS_MAX {
        return Err(("too_long", format!("expected {VALUE_CHARS_MAX} characters at most")));
    }
    match column {
        DirectoryColumn::Domain => {
            row.domain = domain_of(&text).ok_or_else(|| wrong("invalid_domain", "a domain such as `acme.com`"))?
        }
        DirectoryColumn::Name => row.name = Some(text),
        DirectoryColumn::Employees => row.employees = Some(number(&text)?),
        DirectoryColumn::RevenueUsd => row.revenue_usd = Some(number(&text)?),
        DirectoryColumn::Industry => row.industry = industry_code(&text),
        DirectoryColumn::Country => {
            let code = country_code(&text)
                .ok_or_else(|| wrong("unknown_country", "an ISO 3166-1 code such as `DE`, or a name"))?;
            row.country = Some(code.to_owned());
        }
        DirectoryColumn::NamedAccount => row.named_account = flag(&text)?,
        DirectoryColumn::OwnerRepId => {
            row.owner_rep_id = Some(RepId::new(&text).map_err(|error| ("invalid_id", error.to_string()))?)
        }
        DirectoryColumn::Status => row.status = status(&text)?,
    }
    Ok(())
}

fn wrong(code: &'static str, expected: &str) -> Wrong {
    (code, format!("expected {expected}"))
}

fn number(text: &str) -> Result<i64, Wrong> {
    whole_number(text).ok_or_else(|| wrong("invalid_number", "an integer, 0 or more"))
}

fn flag(text: &str) -> Result<bool, Wrong> {
    match text.to_lowercase().as_str() {
        "true" | "yes" | "y" | "1" | "x" => Ok(true),
        "false" | "no" | "n" | "0" => Ok(false),
        _ => Err(wrong("invalid_flag", "`true` or `false`")),
    }
}

fn status(text: &str) -> Result<AccountStatus, Wrong> {
    let text = text.to_lowercase();
    AccountStatus::ALL
        .into_iter()
        .find(|status| status.as_str() == text)
        .ok_or_else(|| wrong("unknown_status", "`prospect`, `customer`, `partner` or `competitor`"))
}

fn blank() -> DirectoryRow {
    DirectoryRow {
        domain: String::new(),
        name: None,
        employees: None,
        revenue_usd: None,
        industry: None,
        country: None,
        named_account: false,
        owner_rep_id: None,
        status: AccountStatus::default(),
    }
}
