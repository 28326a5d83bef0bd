//! A golden scenario: one business situation as a data file, and the world it takes place in.

use lead_router_core::decision::attempts::{AccountContext, AccountOwner, EarlierLead, RoutingContext};
use lead_router_core::decision::decide::{RecordDetail, count, decide};
use lead_router_core::decision::known_facts::{Accounts, known_facts};
use lead_router_core::decision::plan::{Plan, plan};
use lead_router_core::decision::pools::Pools;
use lead_router_core::decision::record::{Decision, DecisionInputs, QueryResult, Record};
use lead_router_core::directory::{ImportKind, parse};
use lead_router_core::facts::{Fact, FactValue, Field};
use lead_router_core::id::{ProviderId, RepId, TierId};
use lead_router_core::intake::{FieldMap, read};
use lead_router_core::lead::Lead;
use lead_router_core::lead::key::LeadKeys;
use lead_router_core::roster::events::TouchEvent;
use lead_router_core::roster::model::{Pick, PickOutcome, PickRequest, Rep, RepStatus, States, Team};
use lead_router_core::rubric::Rubric;
use lead_router_core::rubric::check::check;
use lead_router_core::time::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A scenario as written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// The situation, in a sentence or two.
    pub description: String,
    /// The moment of the decision that is looked at.
    pub now: Timestamp,
    /// The rubric.
    pub rubric: Source,
    /// Teams and reps.
    pub roster: Source,
    /// Rows of the account directory.
    #[serde(default)]
    pub accounts: Vec<Value>,
    /// The lead as posted.
    #[serde(default = "somebody")]
    pub lead: Value,
    /// What providers know.
    #[serde(default)]
    pub facts: BTreeMap<String, Value>,
    /// Who owns the account, as the CRM says.
    #[serde(default)]
    pub owner: Option<RepId>,
    /// Who has an earlier lead of the person.
    #[serde(default)]
    pub same_person: Option<RepId>,
    /// Reps who had this lead already.
    #[serde(default)]
    pub exclude: Vec<RepId>,
    /// What happened before.
    #[serde(default)]
    pub story: Vec<Step>,
    /// What must come of it.
    pub expect: Expect,
}

/// A fixture by name, or one with changes (RFC 7396).
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Source {
    Name(String),
    Patched(Patched),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Patched {
    base: String,
    patch: Value,
}

/// Something that happens before the decision.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// It is this moment.
    At(Timestamp),
    /// Leads of strangers arrive and are assigned.
    Leads(Leads),
    /// Leads of a rep are worked in time, or not.
    Touched(Touched),
    /// Leads of a rep are closed.
    Closed(Closed),
    /// A rep changes presence.
    Status(SetStatus),
    /// The operator changes the roster (RFC 7396).
    Roster(Value),
    /// The latest lead of a rep is given back to the rotation.
    Refund(RepId),
    /// The latest lead of a rep is taken away, because another owner won.
    Release(RepId),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leads {
    count: u32,
    #[serde(default)]
    every_minutes: i64,
    #[serde(default)]
    lead: Option<Value>,
    #[serde(default)]
    owner: Option<RepId>,
    /// How many of them each rep must have got.
    #[serde(default)]
    got: Option<BTreeMap<RepId, u32>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Touched {
    rep: RepId,
    in_time: bool,
    times: u32,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Closed {
    rep: RepId,
    tier: TierId,
    times: u32,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetStatus {
    rep: RepId,
    status: RepStatus,
}

/// What must come of it; what is left out is not looked at.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    pub outcome: String,
    pub rep: Option<String>,
    pub team: Option<String>,
    pub tier: Option<String>,
    pub score: Option<i32>,
    pub score_range: Option<[i32; 2]>,
    /// In percent, with two places.
    pub confidence: Option<String>,
    /// Codes that must appear.
    #[serde(default)]
    pub reasons: Vec<String>,
    /// Codes that must not appear.
    #[serde(default)]
    pub no_reasons: Vec<String>,
    /// Why reps were passed over.
    #[serde(default)]
    pub excluded: BTreeMap<String, String>,
    /// Reps who could have taken it, besides the one who did.
    #[serde(default)]
    pub eligible: Vec<String>,
    /// Questions in order: `rotation desk`.
    pub asked: Option<Vec<String>>,
    pub sla_minutes: Option<u32>,
    pub due_at: Option<Timestamp>,
    pub retry_at: Option<Timestamp>,
    pub duplicate: Option<bool>,
}

fn somebody() -> Value {
    json!({"email": "pat@newcomer.example"})
}

fn text(path: &str) -> String {
    let path = format!("{}/{path}", concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

impl Source {
    /// The fixture with its changes; teams and reps of a roster are by id.
    pub fn json(&self, kind: &str) -> Value {
        let base = match self {
            Self::Name(name) => name,
            Self::Patched(patched) => &patched.base,
        };
        let path = match (kind, base.as_str()) {
            ("rubric", "shipped") => "rubric.json".to_owned(),
            ("roster", "sample") => "sample/roster.json".to_owned(),
            _ => format!("tests/golden/fixtures/{base}.{kind}.json"),
        };
        let mut value: Value = serde_json::from_str(&text(&path)).unwrap();
        if kind == "roster" {
            value = json!({"teams": by_id(&value["teams"]), "reps": by_id(&value["reps"])});
        }
        if let Self::Patched(patched) = self {
            merge(&mut value, &patched.patch);
        }
        value
    }
}

fn by_id(list: &Value) -> Map<String, Value> {
    match list {
        Value::Object(map) => map.clone(),
        list => list
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| (entry["id"].as_str().unwrap().to_owned(), entry.clone()))
            .collect(),
    }
}

/// RFC 7396.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    let map = target.as_object_mut().unwrap();
    for (key, change) in changes {
        if change.is_null() {
            map.remove(key);
        } else {
            merge(map.entry(key.clone()).or_insert(Value::Null), change);
        }
    }
}

fn entries<T: serde::de::DeserializeOwned>(map: &Value) -> Vec<T> {
    let with_id = |(id, entry): (&String, &Value)| {
        let mut entry = entry.clone();
        entry["id"] = json!(id);
        serde_json::from_value(entry).unwrap_or_else(|error| panic!("{id}: {error}"))
    };
    map.as_object().unwrap().iter().map(with_id).collect()
}

/// Teams and reps of a scenario before its story; for tests of the use cases.
#[allow(dead_code, reason = "tests of other crates use it")]
pub fn roster_of(scenario: &Scenario) -> (Vec<Team>, Vec<Rep>) {
    let roster = scenario.roster.json("roster");
    (entries(&roster["teams"]), entries(&roster["reps"]))
}

/// One decision with everything it was made of.
pub struct Made {
    pub decision: Decision,
    pub asked: Vec<QueryResult>,
    pub plan: Plan,
    pub record: Record,
}

/// The world of a scenario.
pub struct World {
    pub rubric: Rubric,
    pub teams: Vec<Team>,
    pub reps: Vec<Rep>,
    roster: Value,
    accounts: Accounts,
    pools: Pools,
    now: Timestamp,
    strangers: u32,
    /// Requests and answers that named a rep, latest last.
    picks: Vec<(PickRequest, Pick, String)>,
    pub failures: Vec<String>,
}

impl World {
    pub fn new(scenario: &Scenario) -> Self {
        let file = serde_json::from_value(scenario.rubric.json("rubric")).unwrap();
        let rubric = check(&file).unwrap_or_else(|problems| panic!("{problems:#?}"));
        let rows: Vec<String> = scenario.accounts.iter().map(Value::to_string).collect();
        let accounts = if rows.is_empty() {
            Accounts::default()
        } else {
            let import = parse(rows.join("\n").as_bytes(), ImportKind::Ndjson);
            assert_eq!(import.problems, vec![]);
            Accounts::new(import.rows)
        };
        let mut world = Self {
            rubric,
            teams: Vec::new(),
            reps: Vec::new(),
            roster: json!({}),
            accounts,
            pools: Pools::default(),
            now: scenario.now,
            strangers: 0,
            picks: Vec::new(),
            failures: Vec::new(),
        };
        world.set_roster(scenario.roster.json("roster"), false);
        world
    }

    /// Members, teams and reps in the opposite order: nothing may depend on it.
    pub fn reverse(&mut self) {
        let states = self.states();
        self.teams.reverse();
        self.reps.reverse();
        self.teams.iter_mut().for_each(|team| team.members.reverse());
        self.pools = Pools::with_states(&self.teams, &self.reps, &states).0;
    }

    fn states(&self) -> States {
        self.pools.iter().flat_map(|(_, pool)| pool.states().clone()).collect()
    }

    fn set_roster(&mut self, roster: Value, keeps_state: bool) {
        let mut states = if keeps_state { self.states() } else { BTreeMap::new() };
        self.teams = entries(&roster["teams"]);
        self.reps = entries(&roster["reps"]);
        for rep in &self.reps {
            let given = roster["reps"][rep.id.as_str()] != self.roster["reps"][rep.id.as_str()];
            if let Some(state) = states.get_mut(&rep.id).filter(|_| given).map(Arc::make_mut) {
                state.adopt(rep);
            }
        }
        self.pools = Pools::with_states(&self.teams, &self.reps, &states).0;
        self.roster = roster;
    }

    pub fn live(&mut self, scenario: &Scenario) {
        for step in &scenario.story {
            self.step(step, scenario);
        }
        assert!(self.now <= scenario.now, "the story ends after the decision");
        self.now = scenario.now;
    }

    fn step(&mut self, step: &Step, scenario: &Scenario) {
        match step {
            Step::At(at) => self.now = *at,
            Step::Leads(leads) => self.leads(leads, scenario),
            Step::Touched(Touched { rep, in_time, times }) => {
                let touch = if *in_time { TouchEvent::InTime } else { TouchEvent::Missed };
                (0..*times).for_each(|_| self.pools.iter_mut().for_each(|(_, pool)| pool.touched(rep, touch)));
            }
            Step::Closed(Closed { rep, tier, times }) => {
                (0..*times).for_each(|_| self.pools.iter_mut().for_each(|(_, pool)| pool.closed(rep, tier)));
            }
            Step::Status(SetStatus { rep, status }) => {
                self.pools.iter_mut().for_each(|(_, pool)| pool.set_status(rep, *status));
            }
            Step::Roster(patch) => {
                let mut roster = self.roster.clone();
                merge(&mut roster, patch);
                self.set_roster(roster, true);
            }
            Step::Refund(rep) => {
                let (request, pick, pool) = self.latest(rep);
                self.pools.get_mut(&pool).unwrap().refund(&request, &pick);
            }
            Step::Release(rep) => {
                let (request, pick, pool) = self.latest(rep);
                self.pools.get_mut(&pool).unwrap().release(&request, &pick);
            }
        }
    }

    fn latest(&self, rep: &RepId) -> (PickRequest, Pick, String) {
        let is_theirs = |pick: &Pick| matches!(&pick.outcome, PickOutcome::Picked { rep_id, .. } if rep_id == rep);
        self.picks
            .iter()
            .rev()
            .find(|(_, pick, _)| is_theirs(pick))
            .cloned()
            .unwrap_or_else(|| panic!("{rep} got nothing"))
    }

    fn leads(&mut self, leads: &Leads, scenario: &Scenario) {
        let mut got: BTreeMap<RepId, u32> = BTreeMap::new();
        for number in 0..leads.count {
            if number > 0 {
                self.now = self.now.plus_minutes(leads.every_minutes);
            }
            self.strangers += 1;
            let mut lead = leads.lead.clone().unwrap_or_else(|| scenario.lead.clone());
            lead["email"] = json!(format!("person@stranger{}.example", self.strangers));
            let view = AccountContext { owner: crm_owner(leads.owner.as_ref()), ..AccountContext::default() };
            let made = self.decide(&lead, &BTreeMap::new(), view, &[]);
            if let Some(assignment) = &made.decision.assignment {
                *got.entry(assignment.rep_id.clone()).or_default() += 1;
            }
        }
        if let Some(expected) = leads.got.as_ref().filter(|expected| **expected != got) {
            self.failures.push(format!("story: expected {expected:?}, got {got:?}"));
        }
    }

    /// The decision that the scenario is about.
    pub fn decide_scenario(&mut self, scenario: &Scenario) -> Made {
        let person = scenario.same_person.clone().map(|rep_id| EarlierLead {
            lead_id: "earlier-1".parse_id(),
            rep_id,
            is_overruled: false,
        });
        let view = AccountContext { owner: crm_owner(scenario.owner.as_ref()), person, ..AccountContext::default() };
        self.decide(&scenario.lead, &scenario.facts, view, &scenario.exclude)
    }

    fn decide(
        &mut self,
        lead: &Value,
        facts: &BTreeMap<String, Value>,
        view: AccountContext,
        exclude: &[RepId],
    ) -> Made {
        let lead = self.lead(lead);
        let given = facts.iter().map(|(path, value)| self.given(path, value)).collect();
        let (facts, owner) = known_facts(&lead, given, &self.accounts, self.now);
        let view = AccountContext { owner: view.owner.or(owner), ..view };
        let plan = plan(&self.rubric, &facts, self.now);
        let keys = LeadKeys::new(b"golden", &lead.account_key(), lead.person_key(), "content");
        let context = RoutingContext {
            lead_id: keys.lead_id(0).unwrap(),
            exclude: exclude.to_vec(),
            now: self.now,
            seed: u64::from_str_radix(&keys.submission[..16], 16).unwrap(),
        };
        let (decision, asked) =
            decide(DecisionInputs::first(&plan, &view, &context), &self.pools, RecordDetail::Record);
        count(&mut self.pools, &plan, &context, &asked);
        if let Some(last) = asked.last().filter(|_| decision.assignment.is_some()) {
            self.picks.push((last.attempt.request(&plan, &context), last.pick.clone(), last.attempt.pool.clone()));
        }
        let record = Record {
            v: 1,
            decision: decision.clone(),
            keys,
            lead,
            facts,
            view,
            context,
            asked: asked.clone(),
            decision_no: 1,
            previous: String::new(),
            seq: None,
            replaces: None,
        };
        Made { decision, asked, plan, record }
    }

    fn lead(&self, body: &Value) -> Lead {
        let bytes = body.to_string().into_bytes();
        read(Some("application/json"), &bytes, &FieldMap::default(), self.now)
            .unwrap_or_else(|error| panic!("{error:?}"))
    }

    fn given(&self, path: &str, value: &Value) -> (Field, Fact) {
        let field = Field::from_path(path).unwrap_or_else(|| panic!("no fact {path}"));
        let value: FactValue = serde_json::from_value(value.clone()).unwrap();
        assert_eq!(value.kind(), field.kind(), "{path}");
        (field, Fact { value, provider: ProviderId::new("provider").unwrap(), at: self.now })
    }
}

fn crm_owner(rep: Option<&RepId>) -> Option<AccountOwner> {
    rep.map(|rep_id| AccountOwner { rep_id: rep_id.clone(), source: "crm".to_owned() })
}

trait ParseId {
    fn parse_id(&self) -> lead_router_core::id::LeadId;
}

impl ParseId for str {
    fn parse_id(&self) -> lead_router_core::id::LeadId {
        lead_router_core::id::LeadId::new(self).unwrap()
    }
}
