//! The connected CRM: what a decision asks it, and the consumer that tells it about leads.

use super::dead_letters;
use super::log;
use super::settings;
use super::world::World;
use crate::domain::crm::mirror::{Mirror, Seen};
use crate::domain::crm::state::{OwnerRef, Question, State};
use crate::domain::crm::{CrmKind, PersonState, RecordId, Write, Written};
use crate::domain::desk::AccountHash;
use crate::domain::notify::act::{Act, ActKind};
use crate::domain::write_back::Setback;
use crate::flow::crm::{Patience, connect};
use crate::flow::follow_up::follow_up;
use crate::flow::write_back::{Became, Due, write_all};
use crate::ports::crm::{Consults, Crm, Effect};
use crate::ports::messages::{Job, Learn};
use crate::ports::{Clock, Config, Desks, Jobs, PortResult, Unavailable};
use worker::{MessageExt, QueueRetryOptionsBuilder, RawMessage};

/// Pause before messages come again that could not be answered at all, in seconds.
const RETRY_S: u32 = 10;

impl Consults for World {
    fn crm(&self) -> CrmKind {
        settings::crm(&self.env)
    }

    async fn consult(&self, question: &Question) -> Effect<State> {
        connect(self, self.crm(), Patience::SENDER)?.consult(question).await
    }
}
