//! The connected CRM: what a decision asks it, and the consumer that tells it about leads.

use super::settings;
use super::world::World;
use crate::domain::crm::CrmKind;
use crate::domain::crm::state::{Question, State};
use crate::domain::write_back::Setback;
use crate::ports::crm::{Consults, Effect};

impl Consults for World {
    fn crm(&self) -> CrmKind {
        settings::crm(&self.env)
    }

    async fn consult(&self, _question: &Question) -> Effect<State> {
        Err(Setback::config("crm_not_connected", "set CRM"))
    }
}
