//! Messages on the queues.
//!
//! Those of an older version are read after a deploy, so every added field has a default.

use crate::ports::CachedReading;
use lead_router_core::crm::CrmWrite;
use lead_router_core::id::LeadId;
use lead_router_core::lead::Lead;
use lead_router_core::notify::{ChannelAttempt, Notice, Policy};
use lead_router_core::time::Timestamp;
use lead_router_core::webhook::Fetch;
use serde::{Deserialize, Serialize};

/// A message on the queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Job {
    /// Route a lead again that is open or held.
    Route {
        /// The lead.
        lead_id: LeadId,
    },
    /// Place a lead again once, because a provider answered after its deadline.
    LateEnrichment {
        /// The lead.
        lead_id: LeadId,
        /// What the provider said.
        reading: CachedReading,
    },
    /// Ask the company providers about an account of the directory before a lead comes.
    Prefetch {
        /// Domain of the account.
        domain: String,
    },
    /// Read a lead at its vendor that a webhook named, and take it in.
    Fetch {
        /// Where the lead is.
        fetch: Fetch,
        /// What makes a second delivery the same event.
        key: Option<String>,
    },
    /// Take in a row of a batch, and route it.
    Take {
        /// The lead.
        lead: Box<Lead>,
        /// What makes a row that comes again the same lead.
        key: String,
        /// When the batch arrived.
        received_at: Timestamp,
    },
    /// Tell the CRM about a lead.
    Crm {
        /// What it is told.
        write: Box<CrmWrite>,
        /// How often it was tried.
        #[serde(default)]
        tries: u32,
    },
    /// Take over what changed in the CRM.
    Sync,
    /// Tell a rep or a team.
    Notify {
        /// What is told, through what, and how that fared so far.
        notification: Box<NotificationJob>,
    },
    /// Write a decision to the ledger, the built-in CRM and the inbox, and pass it on to the CRM and to the rep.
    Deliver {
        /// The lead.
        lead_id: LeadId,
        /// Number of the record in the lead's account shard.
        seq: u64,
        /// The record as JSON, when it fits the message; otherwise its account shard is asked for it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        record: Option<String>,
    },
}

/// One notice for one chain of channels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotificationJob {
    /// The notice.
    pub notice: Notice,
    /// The rules, with this chain alone.
    pub policy: Policy,
    /// How each channel fared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub so_far: Vec<ChannelAttempt>,
    /// Whether the message came before, so that it may have been told.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_repeated: bool,
}
