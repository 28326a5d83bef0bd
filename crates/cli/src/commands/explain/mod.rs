//! `explain`: the whole decision for one lead, nothing written.

mod show;

pub use show::leads;

use crate::args::ExplainArgs;
use crate::input::files;
use crate::input::now::now;
use crate::output::{CommandFailure, Output};
use lead_router_core::decision::attempts::{AccountContext, AccountOwner, EarlierLead, RoutingContext};
use lead_router_core::decision::decide::{RecordDetail, decide};
use lead_router_core::decision::known_facts::known_facts;
use lead_router_core::decision::plan::plan;
use lead_router_core::decision::pools::Pools;
use lead_router_core::decision::record::DecisionInputs;
use lead_router_core::facts::{Fact, FactKind, FactValue, Facts, Field, Signal};
use lead_router_core::id::ProviderId;
use lead_router_core::lead::key::LeadKeys;
use lead_router_core::normalize::nearest;
use lead_router_core::time::Timestamp;
use serde_json::json;

/// Keys the hash in the lead id, which means nothing here.
const KEY: &[u8] = b"lead-router explain";

/// Runs `explain`.
///
/// # Errors
/// Files that cannot be read, and facts that do not exist.
pub fn run(args: &ExplainArgs) -> Result<Output, CommandFailure> {
    let at = args.at.unwrap_or_else(now);
    let rubric = files::rubric(&args.rubric)?;
    let accounts = files::accounts_or_none(args.accounts.as_deref())?;
    let lead = files::lead(&args.lead, at)?;
    let (mut facts, owner) = known_facts(&lead, Vec::new(), &accounts, at);
    for text in &args.set {
        set(&mut facts, text, at)?;
    }
    let keys = LeadKeys::new(KEY, &lead.account_key(), lead.person_key(), "content");
    let lead_id = keys.lead_id(0).ok_or_else(|| CommandFailure::new("invalid_input", "the lead has no id"))?;
    let view = AccountContext {
        owner: args.owner.clone().map(|rep_id| AccountOwner { rep_id, source: "crm".to_owned() }).or(owner),
        person: args.same_person.clone().map(|rep_id| EarlierLead {
            lead_id: lead_id.clone(),
            rep_id,
            is_overruled: false,
        }),
        ..AccountContext::default()
    };
    let plan = plan(&rubric, &facts, at);
    let context = RoutingContext { lead_id, exclude: args.exclude.clone(), now: at, seed: seed(&keys) };
    let roster = args.roster.as_deref().map(files::roster).transpose()?;
    let decided = roster.map(|roster| {
        let (pools, problems) = Pools::new(&roster.teams, &roster.reps);
        for problem in problems {
            eprintln!("roster: {problem}");
        }
        let (decision, asked) = decide(DecisionInputs::first(&plan, &view, &context), &pools, RecordDetail::Record);
        show::Decided { decision, asked, index: pools.index().clone() }
    });
    let shown =
        show::ShownDecision { rubric: &rubric, facts: &facts, view: &view, plan: &plan, at, decided: decided.as_ref() };
    let json = json!({
        "at": at,
        "facts": facts,
        "unknown": show::unknown(&rubric, &facts).map(Field::path).collect::<Vec<_>>(),
        "view": view,
        "plan": plan,
        "decision": decided.as_ref().map(|decided| &decided.decision),
        "asked": decided.as_ref().map(|decided| &decided.asked),
    });
    Ok(Output::clean(shown.text(), json))
}

fn seed(keys: &LeadKeys) -> u64 {
    keys.submission.get(..16).and_then(|digits| u64::from_str_radix(digits, 16).ok()).unwrap_or(0)
}

/// Sets one fact from `path=value`.
fn set(facts: &mut Facts, text: &str, at: Timestamp) -> Result<(), CommandFailure> {
    let (path, value) = text
        .split_once('=')
        .ok_or_else(|| CommandFailure::new("invalid_set", format!("`--set {text}`: write FACT=VALUE")))?;
    if let Some(name) = path.strip_prefix("lead.fields.") {
        facts.fields.insert(name.to_lowercase(), value.to_owned());
        return Ok(());
    }
    if let Some(signal) = path.strip_prefix("signal.") {
        let happened_at = if value.is_empty() { Ok(at) } else { value.parse() };
        let happened_at = happened_at.map_err(|error| wrong(text, &error.to_string()))?;
        facts.signals.push(Signal { signal: signal.to_lowercase(), at: happened_at });
        facts.signals.sort();
        return Ok(());
    }
    let field = Field::from_path(path).ok_or_else(|| no_such_fact(path))?;
    let value = fact_value(field, value).ok_or_else(|| wrong(text, expected(field.kind())))?;
    let provider = ProviderId::new("set").map_err(|error| CommandFailure::new("invalid_set", error.to_string()))?;
    facts.set(field, Fact { value, provider, at });
    Ok(())
}

fn wrong(text: &str, why: &str) -> CommandFailure {
    CommandFailure::new("invalid_set", format!("`--set {text}`: {why}"))
}

const fn expected(kind: FactKind) -> &'static str {
    match kind {
        FactKind::Flag => "expected `true` or `false`",
        FactKind::Number => "expected an integer",
        FactKind::Text => "expected a string",
        FactKind::Set => "expected strings separated by commas",
    }
}

fn no_such_fact(path: &str) -> CommandFailure {
    let help = match nearest(path, Field::ALL.iter().map(|field| field.path())) {
        Some(name) => format!("did you mean `{name}`?"),
        None => "`lead.fields.NAME` and `signal.NAME` are possible too".to_owned(),
    };
    CommandFailure::new("invalid_set", format!("there is no fact `{path}`; {help}"))
}

/// A value of the kind that a field takes.
pub fn fact_value(field: Field, text: &str) -> Option<FactValue> {
    Some(match field.kind() {
        FactKind::Flag => FactValue::Flag(text.parse().ok()?),
        FactKind::Number => FactValue::Number(text.replace(['_', ','], "").parse().ok()?),
        FactKind::Text => FactValue::Text(text.to_owned()),
        FactKind::Set => {
            let mut members: Vec<String> = text.split(',').map(|part| part.trim().to_lowercase()).collect();
            members.retain(|member| !member.is_empty());
            members.sort();
            members.dedup();
            FactValue::Set(members)
        }
    })
}
