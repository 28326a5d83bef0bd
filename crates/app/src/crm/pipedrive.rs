//! Pipedrive: the order of the calls. What is asked and what an answer says is in `domain::crm::pipedrive`.

use crate::crm::vendor::{CallBudget, VendorClient};
use crate::ports::crm::{ChangedPerson, Changes, ChangesSince, Check, Crm, DeliveryResult};
use crate::ports::rate_limits::RateLimits;
use crate::ports::{Clock, Http};
use lead_router_core::crm::pipedrive::answers::{account, emails, number, person, records, text};
use lead_router_core::crm::pipedrive::decide::PipedriveStep;
use lead_router_core::crm::pipedrive::mark::Mark;
use lead_router_core::crm::pipedrive::requests::buckets;
use lead_router_core::crm::pipedrive::{PipedriveApi, answers, decide};
use lead_router_core::crm::state::{AccountState, CrmQuestion, CrmUser, PersonKind, State};
use lead_router_core::crm::write::{Assigning, CrmWrite, CrmWritten, RecordId};
use lead_router_core::http::HttpRequest;
use lead_router_core::intake::{LeadField, RawLead};
use lead_router_core::normalize::{EmailKind, domain_of, email, email_kind};
use lead_router_core::time::Timestamp;
use lead_router_core::vendor::DeliveryError;
use serde_json::Value;

/// Most leads of one write: each takes four to six calls, of which 20 go through in two seconds.
const BATCH_MAX: usize = 20;

/// A company in Pipedrive.
#[derive(Debug)]
pub struct Pipedrive<'a, W> {
    vendor: VendorClient<'a, W>,
    api: PipedriveApi,
}

impl<'a, W: Http + Clock + RateLimits> Pipedrive<'a, W> {
    /// The company that the settings name.
    ///
    /// # Errors
    /// `not_set_up`, naming the setting.
    pub fn connect(world: &'a W, budget: CallBudget) -> DeliveryResult<Self> {
        let api = PipedriveApi::read(|name| world.setting(name))?;
        Ok(Self { vendor: VendorClient { world, name: "pipedrive", budget }, api })
    }

    async fn page(&self, request: HttpRequest) -> DeliveryResult<(Value, Option<String>)> {
        let buckets = buckets(&request);
        let answer = self.vendor.send(&request, &buckets).await?;
        let data = answers::data(answer.status, answer.retry_after_s, &answer.body);
        if let Err(DeliveryError::Retryable { code, after_ms: Some(ms) }) = &data
            && code == "rate_limited"
            && let Some(bucket) = buckets.last()
        {
            self.vendor.block_for(&bucket.name, *ms).await;
        }
        data
    }

    async fn call(&self, request: HttpRequest) -> DeliveryResult<Value> {
        Ok(self.page(request).await?.0)
    }

    async fn list(&self, request: HttpRequest) -> DeliveryResult<Vec<Value>> {
        Ok(records(&self.call(request).await?))
    }

    /// The person of a lead: by our id, else by address. `None` for nobody.
    async fn find(&self, person_id: Option<&str>, address: &str) -> DeliveryResult<Option<u64>> {
        if let Some(person_id) = person_id {
            let found = self.list(self.api.search(person_id, "custom_fields")).await?;
            if let Some(id) = decide::person_of(&found) {
                return Ok(Some(id));
            }
        }
        let found = self.list(self.api.search(address, "email")).await?;
        let same: Vec<Value> = found.into_iter().filter(|person| decide::has_email(person, address)).collect();
        Ok(decide::person_of(&same))
    }

    /// Finds or makes the person, then the activity, then the owner. Each is looked for before it is made, because whether a
    /// call that was lost had its effect is not known.
    async fn write_one(&self, write: &CrmWrite) -> DeliveryResult<CrmWritten> {
        let field = &self.api.person_field;
        let id = match self.find(Some(&write.person_id), &write.email).await? {
            Some(id) => id,
            None => {
                let made = self.call(self.api.add_person(&decide::new_person(write, field))).await?;
                number(&made, "/id").ok_or_else(|| DeliveryError::retryable("answer_unreadable", None))?
            }
        };
        let record = RecordId { kind: PersonKind::Contact, id: id.to_string() };
        let found = self.call(self.api.person(id)).await?;
        let Some(assigning) = &write.assigning else {
            self.change(write, &found, id, None).await?;
            return Ok(CrmWritten::Done { record, task_id: None });
        };
        let owner_id = decide::owner_id(assigning)?;
        let marks = decide::marks(&self.list(self.api.activities(id)).await?);
        let task_id = match self.step(write, assigning, &found, &marks).await? {
            PipedriveStep::Drift(owner_id) => return Ok(CrmWritten::OwnerDrift { record, owner_id }),
            PipedriveStep::Superseded => {
                marks.iter().find(|(mark, _)| mark.effect_id == write.effect_id()).map(|(_, id)| *id)
            }
            PipedriveStep::Assign => {
                let task_id = self.activity(write, assigning, (id, owner_id), &marks).await?;
                self.change(write, &found, id, Some(owner_id)).await?;
                Some(task_id)
            }
        };
        Ok(CrmWritten::Done { record, task_id: task_id.map(|id| id.to_string()) })
    }

    /// What is done, once it is known whether the owner is the user of the token.
    async fn step(
        &self,
        write: &CrmWrite,
        assigning: &Assigning,
        person: &Value,
        marks: &[(Mark, u64)],
    ) -> DeliveryResult<PipedriveStep> {
        let step = decide::step(write, assigning, person, marks);
        match step {
            PipedriveStep::Drift(owner_id) if decide::may_be_unowned(write, person, marks, &self.api.person_field) => {
                let me = number(&self.call(self.api.me()).await?, "/id").map(|id| id.to_string());
                Ok(if me.as_ref() == Some(&owner_id) { PipedriveStep::Assign } else { PipedriveStep::Drift(owner_id) })
            }
            step => Ok(step),
        }
    }

    async fn activity(
        &self,
        write: &CrmWrite,
        assigning: &Assigning,
        (person_id, owner_id): (u64, u64),
        marks: &[(Mark, u64)],
    ) -> DeliveryResult<u64> {
        if let Some((_, id)) = marks.iter().find(|(mark, _)| mark.effect_id == write.effect_id()) {
            return Ok(*id);
        }
        let activity = decide::activity(write, assigning, person_id, owner_id);
        let made = self.call(self.api.add_activity(&activity)).await?;
        number(&made, "/id").ok_or_else(|| DeliveryError::retryable("answer_unreadable", None))
    }

    async fn change(&self, write: &CrmWrite, found: &Value, id: u64, owner_id: Option<u64>) -> DeliveryResult<()> {
        match decide::change(write, found, &self.api.person_field, owner_id) {
            Some(change) => self.call(self.api.change_person(id, &change)).await.map(|_| ()),
            None => Ok(()),
        }
    }

    async fn account(&self, org_id: u64) -> DeliveryResult<Option<AccountState>> {
        let organization = self.call(self.api.organization(org_id)).await?;
        let deals = self.list(self.api.open_deals(org_id)).await?;
        Ok(account(&organization, &deals))
    }

    /// The organisation of a colleague whose address has exactly this domain; of several the oldest colleague's.
    async fn organization_of(&self, domain: &str) -> DeliveryResult<Option<u64>> {
        let found = self.list(self.api.search_colleagues(domain)).await?;
        let is_colleague = |person: &&Value| emails(person).iter().any(|own| domain_of(own).as_deref() == Some(domain));
        let colleagues =
            found.iter().filter(is_colleague).filter(|person| number(person, "/organization/id").is_some());
        let first = colleagues.min_by_key(|person| number(person, "/id"));
        Ok(first.and_then(|person| number(person, "/organization/id")))
    }

    async fn changed_people(
        &self,
        since: Timestamp,
        cursor: &str,
        changes: &mut Changes,
    ) -> DeliveryResult<Option<String>> {
        let (data, next) = self.page(self.api.changed("persons", since, cursor)).await?;
        for record in records(&data) {
            let Some(address) = emails(&record).first().and_then(|address| email(address)) else { continue };
            let Some(state) = person(&record) else { continue };
            if let Some(org_id) = number(&record, "/org_id").filter(|_| address.kind == EmailKind::Business) {
                changes.accounts.extend(self.account(org_id).await?.map(|account| (address.domain.clone(), account)));
            }
            let field = format!("/custom_fields/{}", self.api.person_field);
            let created_at = answers::timestamp(&record, "/add_time").unwrap_or(Timestamp::from_ms(0));
            changes.people.push(ChangedPerson {
                lead: Box::new(lead(&record, &state.id, &address.address)),
                email: address.address,
                state,
                created_at,
                is_ours: text(&record, &field).is_some(),
            });
        }
        Ok(next)
    }

    async fn changed_deals(
        &self,
        since: Timestamp,
        cursor: &str,
        changes: &mut Changes,
    ) -> DeliveryResult<Option<String>> {
        let (data, next) = self.page(self.api.changed("deals", since, cursor)).await?;
        let mut org_ids: Vec<u64> = records(&data).iter().filter_map(|deal| number(deal, "/org_id")).collect();
        org_ids.sort_unstable();
        org_ids.dedup();
        for org_id in org_ids {
            let members = self.list(self.api.member(org_id)).await?;
            let domain = members.first().and_then(|member| domain_of(emails(member).first()?));
            if let Some(domain) = domain.filter(|domain| email_kind(domain) == EmailKind::Business) {
                changes.accounts.extend(self.account(org_id).await?.map(|account| (domain, account)));
            }
        }
        Ok(next)
    }
}

/// A person as a lead.
fn lead(record: &Value, id: &str, address: &str) -> RawLead {
    let mut lead = RawLead::default();
    lead.set(LeadField::SubmissionId, &format!("pipedrive-{id}"));
    lead.set(LeadField::Email, address);
    let fields = [
        (LeadField::FirstName, text(record, "/first_name")),
        (LeadField::LastName, text(record, "/last_name")),
        (LeadField::Phone, text(record, "/phones/0/value")),
        (LeadField::Title, text(record, "/job_title")),
    ];
    for (known, value) in fields {
        if let Some(value) = value {
            lead.set(known, value);
        }
    }
    lead
}

impl<W: Http + Clock + RateLimits> Crm for Pipedrive<'_, W> {
    async fn lookup(&self, question: &CrmQuestion) -> DeliveryResult<State> {
        let found = match question.email.as_deref() {
            None => None,
            Some(address) => match self.find(None, address).await? {
                Some(id) => Some(self.call(self.api.person(id)).await?),
                None => None,
            },
        };
        let mut org_id = found.as_ref().and_then(|found| number(found, "/org_id"));
        if let (None, Some(domain)) = (org_id, question.domain.as_deref()) {
            org_id = self.organization_of(domain).await?;
        }
        let account = match org_id {
            Some(org_id) => self.account(org_id).await?,
            None => None,
        };
        Ok(State { person: found.as_ref().and_then(person), account })
    }

    async fn write(&self, writes: &[CrmWrite]) -> Vec<DeliveryResult<CrmWritten>> {
        let mut written = Vec::with_capacity(writes.len());
        for write in writes {
            written.push(self.write_one(write).await);
        }
        written
    }

    fn batch_max(&self) -> usize {
        BATCH_MAX
    }

    async fn crm_users(&self) -> DeliveryResult<Vec<CrmUser>> {
        let user = |record: &Value| {
            Some(CrmUser {
                id: number(record, "/id")?.to_string(),
                email: text(record, "/email").map(str::to_lowercase),
                active: record.get("active_flag").and_then(Value::as_bool).unwrap_or(true),
            })
        };
        Ok(self.list(self.api.users()).await?.iter().filter_map(user).collect())
    }

    /// People first, then companies of which a deal changed; the place is `persons` or `deals` and the vendor's cursor.
    async fn changes(&self, since: &ChangesSince) -> DeliveryResult<Changes> {
        let mut changes = Changes::default();
        let (what, cursor) = since.page.split_once(' ').unwrap_or(("persons", ""));
        let is_people = what == "persons";
        let next = if is_people {
            self.changed_people(since.at, cursor, &mut changes).await?
        } else {
            self.changed_deals(since.at, cursor, &mut changes).await?
        };
        let page = match next {
            Some(cursor) => Some(format!("{what} {cursor}")),
            None if is_people => Some("deals ".to_owned()),
            None => None,
        };
        changes.next = page.map(|page| ChangesSince { at: since.at, page });
        Ok(changes)
    }

    async fn check(&self) -> Vec<Check> {
        let me = self.call(self.api.me()).await;
        let mut lines = vec![Check::new("token", &me)];
        if me.is_err() {
            return lines;
        }
        let field = self.list(self.api.person_fields()).await.and_then(|fields| {
            let is_it = |field: &Value| text(field, "/key") == Some(&self.api.person_field);
            let missing = "persons have no field with the key in `PIPEDRIVE_PERSON_FIELD`";
            fields.iter().any(is_it).then_some(()).ok_or_else(|| DeliveryError::config("field_missing", missing))
        });
        lines.push(Check::new("field of persons", &field));
        lines.push(Check::new("read users", &self.list(self.api.users()).await));
        lines.push(Check::new("search persons", &self.list(self.api.search("nobody", "email")).await));
        lines
    }
}
