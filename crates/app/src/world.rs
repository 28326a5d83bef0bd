//! What the use cases need of the world, as bundles of ports.

use crate::ports::crm::CrmLookups;
use crate::ports::{AccountShards, Cache, Clock, Config, Directory, Http, Jobs, ProviderLookups};

/// What the intake needs of the world.
pub trait IntakeWorld:
    Clock + Config + Cache + CrmLookups + Directory + Http + Jobs + ProviderLookups + AccountShards
{
}
impl<T: Clock + Config + Cache + CrmLookups + Directory + Http + Jobs + ProviderLookups + AccountShards> IntakeWorld
    for T
{
}
