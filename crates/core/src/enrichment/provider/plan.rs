//! The requests of a provider, checked: templates ready to be filled in.

use crate::enrichment::provider::file::ProviderMethod;
use crate::enrichment::provider::pointer::Pointer;
use crate::enrichment::provider::template::{Body, Template};

/// The request, checked.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RequestPlan {
    pub(super) method: ProviderMethod,
    pub(super) path: Template,
    pub(super) query: Vec<(String, Template)>,
    pub(super) headers: Vec<(String, Template)>,
    pub(super) body: Option<Body>,
}

impl RequestPlan {
    /// Whether something is filled in anywhere.
    pub(super) fn has_places(&self) -> bool {
        let entries = self.query.iter().chain(&self.headers);
        self.path.has_places()
            || entries.into_iter().any(|(_, template)| template.has_places())
            || self.body.as_ref().is_some_and(Body::has_places)
    }
}

/// How a token is fetched, checked.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TokenPlan {
    pub(super) request: RequestPlan,
    pub(super) pointer: Pointer,
    pub(super) lifetime_s: u32,
}
