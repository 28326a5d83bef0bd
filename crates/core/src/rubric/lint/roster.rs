//! Where a rubric and a roster do not fit together.

use crate::id::{RepId, TeamId, TerritoryId};
use crate::roster::calendar::Calendar;
use crate::roster::model::{Pool, Rep, Team};
use crate::rubric::lint::finding::{LintFinding, Severity};
use crate::rubric::model::{Effect, Rubric};
use crate::time::{DAY_MS, MINUTE_MS, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// Reports teams and reps that the rubric names in vain, and reps and teams that nothing leads to.
pub(super) fn roster(rubric: &Rubric, pool: &Pool, findings: &mut Vec<LintFinding>) {
    let uses = RosterUses::of(rubric, pool);
    unknown_names(rubric, pool, &uses, findings);
    for (id, team) in &pool.teams {
        let path = format!("teams.{id}");
        let is_used = uses.teams.contains_key(id);
        if !is_used {
            let message =
                "no override, route or fallback sends leads to this team; it only gets leads of accounts its reps own";
            findings.push(LintFinding::new("unused_team", Severity::Note, path.clone(), message));
        }
        if is_used && members(team, pool).next().is_none() {
            let message = "no rep in this team can be picked: add an active member with a weight above 0";
            let has_way_out = team.fallback_team.is_some() || team.manager_rep_id.is_some();
            let severity = if has_way_out { Severity::Warning } else { Severity::Error };
            findings.push(LintFinding::new("empty_team", severity, path.clone(), message));
        } else if is_used {
            coverage(rubric, team, pool, &path, findings);
        }
    }
    catch_all(rubric, pool, findings);
    for rep in pool.reps.values().filter(|rep| rep.active) {
        rep_findings(rubric, rep, pool, &uses, findings);
    }
}

/// Territories in which a team can get a lead.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Places {
    Any,
    Only(BTreeSet<TerritoryId>),
}

/// Which teams the rubric leads to, and how.
struct RosterUses {
    teams: BTreeMap<TeamId, Places>,
    /// Teams as named, with the path.
    named: Vec<(String, TeamId)>,
}

impl RosterUses {
    fn of(rubric: &Rubric, pool: &Pool) -> Self {
        let mut uses = Self { teams: BTreeMap::new(), named: Vec::new() };
        for (index, line) in rubric.overrides.iter().enumerate() {
            if let Effect::Place { team: Some(team), .. } = &line.effect {
                uses.add(team, Places::Any);
                uses.named.push((format!("overrides[{index}].team"), team.clone()));
            }
        }
        for (index, line) in rubric.routes.iter().enumerate() {
            let only = || Places::Only(line.territories.iter().cloned().collect());
            uses.add(&line.team, if line.territories.is_empty() { Places::Any } else { only() });
            uses.named.push((format!("routes[{index}].team"), line.team.clone()));
        }
        uses.add(&rubric.fallback_team, Places::Any);
        uses.named.push(("fallback.team".to_owned(), rubric.fallback_team.clone()));
        let direct: Vec<(TeamId, Places)> =
            uses.teams.iter().map(|(id, places)| (id.clone(), places.clone())).collect();
        for (id, places) in direct {
            for team in chain(&id, pool).skip(1) {
                uses.add(&team.id, places.clone());
            }
        }
        uses
    }

    fn add(&mut self, team: &TeamId, places: Places) {
        let merged = match (self.teams.remove(team), places) {
            (None, places) => places,
            (Some(Places::Only(mut some)), Places::Only(mut more)) => {
                some.append(&mut more);
                Places::Only(some)
            }
            _ => Places::Any,
        };
        self.teams.insert(team.clone(), merged);
    }
}

/// A team and its fallback teams, each once.
fn chain<'a>(first: &TeamId, pool: &'a Pool) -> impl Iterator<Item = &'a Team> {
    let mut seen = BTreeSet::new();
    let mut next = pool.teams.get(first);
    std::iter::from_fn(move || {
        let team = next.filter(|team| seen.insert(&team.id))?;
        next = team.fallback_team.as_ref().and_then(|id| pool.teams.get(id));
        Some(team)
    })
}

/// Members whom the rotation can pick at all.
fn members<'a>(team: &'a Team, pool: &'a Pool) -> impl Iterator<Item = &'a Rep> {
    let weighted = team.members.iter().filter(|member| member.weight > 0);
    weighted.filter_map(|member| pool.reps.get(&member.rep_id)).filter(|rep| rep.active)
}

fn unknown_names(rubric: &Rubric, pool: &Pool, uses: &RosterUses, findings: &mut Vec<LintFinding>) {
    for (path, team) in uses.named.iter().filter(|(_, team)| !pool.teams.contains_key(team)) {
        let near = crate::rubric::suggest::nearest(team.as_str(), pool.teams.keys().map(TeamId::as_str));
        let help = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        let message = format!("the roster has no team `{team}`{help}");
        findings.push(LintFinding::new("unknown_team", Severity::Error, path.clone(), message));
    }
    for (index, line) in rubric.overrides.iter().enumerate() {
        let Effect::Place { rep: Some(rep_id), .. } = &line.effect else { continue };
        let path = format!("overrides[{index}].rep");
        match pool.reps.get(rep_id) {
            None => {
                let near = crate::rubric::suggest::nearest(rep_id.as_str(), pool.reps.keys().map(RepId::as_str));
                let help = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
                let message = format!("the roster has no rep `{rep_id}`{help}");
                findings.push(LintFinding::new("unknown_rep", Severity::Error, path, message));
            }
            Some(rep) if !rep.active => {
                let message = format!("`{rep_id}` is inactive; name another rep");
                findings.push(LintFinding::new("inactive_rep", Severity::Warning, path, message));
            }
            Some(_) => {}
        }
    }
}

/// Reports that nobody takes what nobody else wants.
fn catch_all(rubric: &Rubric, pool: &Pool, findings: &mut Vec<LintFinding>) {
    let takes = |team: &Team| {
        let manager = team.manager_rep_id.as_ref().and_then(|id| pool.reps.get(id));
        members(team, pool).next().is_some() || manager.is_some_and(|rep| rep.active)
    };
    if !chain(&rubric.fallback_team, pool).any(takes) {
        let message = "neither this team nor its fallback teams nor their managers can take a lead; \
                       leads that match no route would be on hold forever";
        findings.push(LintFinding::new("no_catch_all", Severity::Error, "fallback.team", message));
    }
}

/// A Monday of winter and one of summer: between them, daylight saving time shows.
const MONDAYS_MS: [i64; 2] = [1_704_067_200_000, 1_719_792_000_000];

/// The hours of a rep in an ordinary week, without days off and leave.
fn ordinary_week(rep: &Rep) -> Option<Calendar> {
    Calendar::compile(&Rep { holidays: Vec::new(), leave: Vec::new(), ..rep.clone() }).ok()
}

/// Compares the hours of a team with the shortest SLA among the tiers that it can get.
fn coverage(rubric: &Rubric, team: &Team, pool: &Pool, path: &str, findings: &mut Vec<LintFinding>) {
    let calendars: Vec<Calendar> = members(team, pool).filter_map(ordinary_week).collect();
    let Some(tier) = tiers_of(rubric, team, pool).into_iter().min_by_key(|tier| tier.sla_minutes) else { return };
    let monday = Timestamp::from_ms(MONDAYS_MS.into_iter().next().unwrap_or_default());
    if calendars.iter().all(|calendar| calendar.add_working_minutes(monday, tier.sla_minutes).is_none()) {
        let message = format!(
            "no rep here works {} minutes within a year, so the SLA of tier `{}` can never be met; add working hours",
            tier.sla_minutes, tier.id
        );
        findings.push(LintFinding::new("sla_never_met", Severity::Error, path, message));
        return;
    }
    let gap = MONDAYS_MS.into_iter().map(|ms| longest_gap(&calendars, Timestamp::from_ms(ms))).max_by_key(|gap| gap.0);
    let Some((minutes, from)) = gap else { return };
    if minutes > i64::from(tier.sla_minutes) {
        let (weekday, time) = clock(from);
        let message = format!(
            "nobody works for up to {} h {} min (from {weekday} {time} UTC in an ordinary week), while tier `{}` promises \
             {} minutes: such a lead waits for the next shift",
            minutes.div_euclid(60),
            minutes.rem_euclid(60),
            tier.id,
            tier.sla_minutes
        );
        findings.push(LintFinding::new("sla_gap", Severity::Note, path, message));
    }
}

/// Tiers that can reach a team.
fn tiers_of<'a>(rubric: &'a Rubric, team: &Team, pool: &Pool) -> Vec<&'a crate::rubric::model::Tier> {
    let leads_here = |id: &TeamId| chain(id, pool).any(|next| next.id == team.id);
    let routes = rubric.routes.iter().filter(|route| leads_here(&route.team));
    let overrides = rubric.overrides.iter().filter_map(|line| match &line.effect {
        Effect::Place { team: Some(id), tier, .. } if leads_here(id) => Some(tier.as_ref()),
        _ => None,
    });
    let by_route: Vec<_> = routes.map(|route| route.tiers.as_slice()).collect();
    let by_override: Vec<_> = overrides.collect();
    let takes_all = leads_here(&rubric.fallback_team)
        || by_route.iter().any(|tiers| tiers.is_empty())
        || by_override.iter().any(Option::is_none);
    let is_named = |tier: &&crate::rubric::model::Tier| {
        by_route.iter().any(|tiers| tiers.contains(&tier.id)) || by_override.contains(&Some(&tier.id))
    };
    rubric.tiers().filter(|tier| takes_all || is_named(tier)).collect()
}

/// The longest time in the fortnight after `from` in which none of the calendars is at work: minutes, and its start.
fn longest_gap(calendars: &[Calendar], from: Timestamp) -> (i64, Timestamp) {
    let end = from.plus_ms(14 * DAY_MS);
    let mut longest = (0, from);
    let mut at = from;
    while at < end {
        let windows: Vec<_> = calendars.iter().map(|calendar| calendar.window(at)).collect();
        let working = windows.iter().filter(|window| window.is_working()).map(|window| window.until).max();
        let next = match working {
            Some(until) => until,
            None => {
                let next = windows.iter().filter_map(|window| window.next_start).min().unwrap_or(end);
                let minutes = next.ms_since(at).checked_div(MINUTE_MS).unwrap_or(0);
                longest = if minutes > longest.0 { (minutes, at) } else { longest };
                next
            }
        };
        // A window ends later than it starts; a step of a minute keeps that true at the end of time.
        at = next.max(at.plus_minutes(1));
    }
    longest
}

/// Day of the week and time of day in UTC.
fn clock(at: Timestamp) -> (&'static str, String) {
    const DAYS: [&str; 7] = ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"];
    let day = at.as_ms().div_euclid(DAY_MS).rem_euclid(7);
    let minute = at.as_ms().rem_euclid(DAY_MS).div_euclid(MINUTE_MS);
    let weekday = usize::try_from(day).ok().and_then(|day| DAYS.get(day)).copied().unwrap_or_default();
    (weekday, format!("{:02}:{:02}", minute.div_euclid(60), minute.rem_euclid(60)))
}

fn rep_findings(rubric: &Rubric, rep: &Rep, pool: &Pool, uses: &RosterUses, findings: &mut Vec<LintFinding>) {
    let path = format!("reps.{}", rep.id);
    for name in rep.territories.iter().filter(|name| !rubric.territories.iter().any(|known| known.id == **name)) {
        let near =
            crate::rubric::suggest::nearest(name.as_str(), rubric.territories.iter().map(|line| line.id.as_str()));
        let help = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        let message = format!("the rubric has no territory `{name}`{help}");
        findings.push(LintFinding::new("unknown_territory", Severity::Warning, path.clone(), message));
    }
    let is_manager = pool.teams.values().any(|team| team.manager_rep_id.as_ref() == Some(&rep.id));
    let is_named = rubric
        .overrides
        .iter()
        .any(|line| matches!(&line.effect, Effect::Place { rep: Some(named), .. } if *named == rep.id));
    if is_manager || is_named {
        return;
    }
    if let Some(message) = obstacle(rubric, rep, pool, uses) {
        findings.push(LintFinding::new("never_picked", Severity::Warning, path, message));
    }
}

/// Why the rotation can never pick a rep.
fn obstacle(rubric: &Rubric, rep: &Rep, pool: &Pool, uses: &RosterUses) -> Option<&'static str> {
    let seats =
        || pool.teams.values().filter_map(|team| Some((team, team.members.iter().find(|m| m.rep_id == rep.id)?)));
    if seats().next().is_none() {
        return Some("the rep is in no team: add them to one, or set `active` to false");
    }
    let weighted = || seats().filter(|(_, member)| member.weight > 0).map(|(team, _)| team);
    if weighted().next().is_none() {
        return Some("the rep has weight 0 in every team: raise one of them");
    }
    let places: Vec<&Places> = weighted().filter_map(|team| uses.teams.get(&team.id)).collect();
    if places.is_empty() {
        return Some("no rule in the rubric leads to any of the rep's teams");
    }
    let capacity = &rep.capacity;
    let is_zero = |cap: Option<u32>| cap == Some(0);
    let no_tier = rubric.tiers().all(|tier| is_zero(capacity.per_tier.get(&tier.id).copied()));
    if is_zero(capacity.open_leads) || is_zero(capacity.per_day) || no_tier {
        return Some("one of the rep's caps is 0: raise it or remove it");
    }
    let meets = |places: &&&Places| match places {
        Places::Any => true,
        Places::Only(some) => rep.territories.iter().any(|territory| some.contains(territory)),
    };
    if !rep.territories.is_empty() && places.iter().find(meets).is_none() {
        return Some("the rep covers only territories whose leads never reach their teams");
    }
    let monday = Timestamp::from_ms(MONDAYS_MS.into_iter().next().unwrap_or_default());
    let never_works = ordinary_week(rep).is_some_and(|calendar| calendar.next_start(monday).is_none());
    never_works.then_some("the rep's hours contain no working time")
}
