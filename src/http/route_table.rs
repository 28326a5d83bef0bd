//! The table of routes: method, path, operation, who may call it, and what limits its rate.
//!
//! Everything about an address that is not its handler comes from here: 404, 405 with `Allow`, `HEAD`, authorisation. A
//! native test compares the table with `openapi.json`. Knows nothing of the platform.

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use std::sync::LazyLock;

/// The methods that routes are declared for. `HEAD` is allowed wherever `GET` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpMethod {
    /// `GET`, and with it `HEAD`.
    Get,
    /// `PUT`.
    Put,
    /// `POST`.
    Post,
    /// `DELETE`.
    Delete,
    /// `OPTIONS`, of browser forms alone.
    Options,
}

impl HttpMethod {
    /// The method that answers a request: `HEAD` is answered as `GET`. `None` for one that no route takes.
    fn of(name: &str) -> Option<Self> {
        match name {
            "GET" | "HEAD" => Some(Self::Get),
            "PUT" => Some(Self::Put),
            "POST" => Some(Self::Post),
            "DELETE" => Some(Self::Delete),
            "OPTIONS" => Some(Self::Options),
            _ => None,
        }
    }

    /// How it is listed in an `Allow` header.
    const fn allowed(self) -> &'static str {
        match self {
            Self::Get => "GET, HEAD",
            Self::Put => "PUT",
            Self::Post => "POST",
            Self::Delete => "DELETE",
            Self::Options => "OPTIONS",
        }
    }
}

/// Who may call an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody.
    Public,
    /// Whoever has an intake key or the admin token.
    Intake,
    /// Whoever has the admin token.
    Admin,
    /// Whoever has the link: the path carries a signature, which the handler checks.
    SignedLink,
    /// A vendor, by a signature of the body or a token of its own, which the handler checks.
    Webhook,
    /// A library of Segment, by a write key, which the handler checks.
    SegmentKey,
}

/// What limits the rate of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RateClass {
    /// Nothing of the router.
    Unlimited,
    /// The limits of browser forms, by client and by form: 429 beyond them.
    FormPost,
}

/// What a request asks for. The names are those of the operations in `openapi.json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    Health,
    Openapi,
    PostLead,
    PostLeads,
    GetLead,
    AcceptLead,
    DeclineLead,
    ReassignLead,
    Explain,
    GetForm,
    PostForm,
    Preflight,
    GetThanks,
    GetScript,
    GetDemo,
    PostSlackClick,
    GetHook,
    PostHook,
    SegmentBatch,
    SegmentIdentify,
    SegmentTrack,
    SegmentPage,
    SegmentScreen,
    SegmentGroup,
    SegmentAlias,
    GetLink,
    PostLink,
    ListDecisions,
    ExportDecisions,
    ListEvents,
    ExportEvents,
    ErasePerson,
    ListTeams,
    GetTeam,
    PutTeam,
    ListReps,
    GetRep,
    PutRep,
    GetStatus,
    PutStatus,
    GetInbox,
    ImportAccounts,
    ListForms,
    GetFormSettings,
    PutFormSettings,
    PreviewForm,
    GetSenderSettings,
    PutSenderSettings,
    PreviewSender,
    GetNotificationRules,
    PutNotificationRules,
    GetRubric,
    PutRubric,
    CheckRubric,
    ListProviders,
    TryProvider,
    ListDeadLetters,
    GetDeadLetter,
    DismissDeadLetter,
    RedriveDeadLetter,
    RedriveDeadLetters,
    ListRefusedEvents,
    GetRefusedEvent,
    DismissRefusedEvent,
    RedriveRefusedEvent,
    RedriveRefusedEvents,
    Doctor,
    SetupCrm,
    ResyncCrm,
}

/// One line of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// The method.
    pub method: HttpMethod,
    /// The path; `{name}` is one segment, and at most one of a path is a parameter.
    pub path: &'static str,
    /// What it does.
    pub operation: Operation,
    /// Who may call it.
    pub access: Access,
    /// What limits its rate.
    pub rate: RateClass,
}

const fn route(method: HttpMethod, path: &'static str, operation: Operation, access: Access) -> Route {
    Route { method, path, operation, access, rate: RateClass::Unlimited }
}

use Access::{Admin, Intake, Public, SegmentKey, SignedLink, Webhook};
use HttpMethod::{Delete, Get, Options, Post, Put};

/// Every route.
pub const ROUTES: [Route; 69] = [
    route(Get, "/healthz", Operation::Health, Public),
    route(Get, "/openapi.json", Operation::Openapi, Public),
    route(Get, "/embed.js", Operation::GetScript, Public),
    route(Get, "/demo", Operation::GetDemo, Public),
    route(Post, "/v1/leads", Operation::PostLead, Intake),
    route(Post, "/v1/leads:batch", Operation::PostLeads, Intake),
    route(Get, "/v1/leads/{id}", Operation::GetLead, Admin),
    route(Post, "/v1/leads/{id}/accept", Operation::AcceptLead, Admin),
    route(Post, "/v1/leads/{id}/decline", Operation::DeclineLead, Admin),
    route(Post, "/v1/leads/{id}/reassign", Operation::ReassignLead, Admin),
    route(Post, "/v1/explain", Operation::Explain, Admin),
    route(Get, "/forms/{form}", Operation::GetForm, Public),
    Route { rate: RateClass::FormPost, ..route(Post, "/forms/{form}", Operation::PostForm, Public) },
    route(Options, "/forms/{form}", Operation::Preflight, Public),
    route(Get, "/forms/{form}/thanks", Operation::GetThanks, Public),
    route(Post, "/hooks/slack", Operation::PostSlackClick, Webhook),
    route(Get, "/hooks/{sender}", Operation::GetHook, Webhook),
    route(Post, "/hooks/{sender}", Operation::PostHook, Webhook),
    route(Post, "/v1/batch", Operation::SegmentBatch, SegmentKey),
    route(Post, "/v1/identify", Operation::SegmentIdentify, SegmentKey),
    route(Post, "/v1/track", Operation::SegmentTrack, SegmentKey),
    route(Post, "/v1/page", Operation::SegmentPage, SegmentKey),
    route(Post, "/v1/screen", Operation::SegmentScreen, SegmentKey),
    route(Post, "/v1/group", Operation::SegmentGroup, SegmentKey),
    route(Post, "/v1/alias", Operation::SegmentAlias, SegmentKey),
    route(Get, "/actions/{token}", Operation::GetLink, SignedLink),
    route(Post, "/actions/{token}", Operation::PostLink, SignedLink),
    route(Get, "/v1/decisions", Operation::ListDecisions, Admin),
    route(Get, "/v1/decisions:export", Operation::ExportDecisions, Admin),
    route(Get, "/v1/events", Operation::ListEvents, Admin),
    route(Get, "/v1/events:export", Operation::ExportEvents, Admin),
    route(Delete, "/v1/people", Operation::ErasePerson, Admin),
    route(Get, "/v1/teams", Operation::ListTeams, Admin),
    route(Get, "/v1/teams/{id}", Operation::GetTeam, Admin),
    route(Put, "/v1/teams/{id}", Operation::PutTeam, Admin),
    route(Get, "/v1/reps", Operation::ListReps, Admin),
    route(Get, "/v1/reps/{id}", Operation::GetRep, Admin),
    route(Put, "/v1/reps/{id}", Operation::PutRep, Admin),
    route(Get, "/v1/reps/{id}/status", Operation::GetStatus, Admin),
    route(Put, "/v1/reps/{id}/status", Operation::PutStatus, Admin),
    route(Get, "/v1/reps/{id}/inbox", Operation::GetInbox, Admin),
    route(Post, "/v1/accounts:import", Operation::ImportAccounts, Admin),
    route(Get, "/v1/forms", Operation::ListForms, Admin),
    route(Get, "/v1/forms/{id}", Operation::GetFormSettings, Admin),
    route(Put, "/v1/forms/{id}", Operation::PutFormSettings, Admin),
    route(Post, "/v1/forms/{id}/preview", Operation::PreviewForm, Admin),
    route(Get, "/v1/senders/{id}", Operation::GetSenderSettings, Admin),
    route(Put, "/v1/senders/{id}", Operation::PutSenderSettings, Admin),
    route(Post, "/v1/senders/{id}/preview", Operation::PreviewSender, Admin),
    route(Get, "/v1/notifications", Operation::GetNotificationRules, Admin),
    route(Put, "/v1/notifications", Operation::PutNotificationRules, Admin),
    route(Get, "/v1/rubric", Operation::GetRubric, Admin),
    route(Put, "/v1/rubric", Operation::PutRubric, Admin),
    route(Post, "/v1/rubric/check", Operation::CheckRubric, Admin),
    route(Get, "/v1/providers", Operation::ListProviders, Admin),
    route(Post, "/v1/providers/{id}/try", Operation::TryProvider, Admin),
    route(Get, "/v1/dead-letters", Operation::ListDeadLetters, Admin),
    route(Get, "/v1/dead-letters/{id}", Operation::GetDeadLetter, Admin),
    route(Delete, "/v1/dead-letters/{id}", Operation::DismissDeadLetter, Admin),
    route(Post, "/v1/dead-letters/{id}/redrive", Operation::RedriveDeadLetter, Admin),
    route(Post, "/v1/dead-letters:redrive", Operation::RedriveDeadLetters, Admin),
    route(Get, "/v1/refused-events", Operation::ListRefusedEvents, Admin),
    route(Get, "/v1/refused-events/{id}", Operation::GetRefusedEvent, Admin),
    route(Delete, "/v1/refused-events/{id}", Operation::DismissRefusedEvent, Admin),
    route(Post, "/v1/refused-events/{id}/redrive", Operation::RedriveRefusedEvent, Admin),
    route(Post, "/v1/refused-events:redrive", Operation::RedriveRefusedEvents, Admin),
    route(Get, "/v1/doctor", Operation::Doctor, Admin),
    route(Post, "/v1/crm:setup", Operation::SetupCrm, Admin),
    route(Post, "/v1/crm:resync", Operation::ResyncCrm, Admin),
];

/// What the table says about a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// A route, and the decoded value of the parameter in its path; empty when the path has none.
    Found(Route, String),
    /// The path exists with other methods: the value of `Allow`.
    MethodNotAllowed(String),
    /// No route has this path.
    NotFound,
}

/// By path, the places of its routes in [`ROUTES`].
static ROUTER: LazyLock<matchit::Router<Vec<Route>>> = LazyLock::new(|| {
    let mut router = matchit::Router::new();
    for (place, first) in ROUTES.iter().enumerate() {
        if ROUTES.iter().position(|route| route.path == first.path) == Some(place) {
            let routes = ROUTES.iter().filter(|route| route.path == first.path).copied().collect();
            // Two paths that exclude each other would leave the second out; a test finds every route.
            let _ = router.insert(template(first.path), routes);
        }
    }
    router
});

/// A path as `matchit` writes it: `:name` is a parameter, so a colon stands there escaped, as in [`canonical`].
fn template(path: &str) -> String {
    path.replace(':', "%3A").replace('{', ":").replace('}', "")
}

/// Finds the route of a request. `path` is encoded as in its URL; a slash at its end is ignored.
pub fn find(method: &str, path: &str) -> Lookup {
    let Some(path) = canonical(path.trim_end_matches('/')) else { return Lookup::NotFound };
    let Ok(found) = ROUTER.at(&path) else { return Lookup::NotFound };
    let method = HttpMethod::of(method);
    match found.value.iter().find(|route| Some(route.method) == method) {
        Some(route) => {
            let parameter = found.params.iter().next().map_or("", |(_, value)| value);
            Lookup::Found(*route, percent_decode_str(parameter).decode_utf8_lossy().into_owned())
        }
        None => {
            let methods: Vec<&str> = found.value.iter().map(|route| route.method.allowed()).collect();
            Lookup::MethodNotAllowed(methods.join(", "))
        }
    }
}

/// The one spelling of a path under which it is looked up: each segment decoded, but for the characters that mean something
/// there. `%3A` and `:` are the same, while `%2F` does not split a segment. `None` when a segment is empty or not UTF-8.
fn canonical(path: &str) -> Option<String> {
    const KEPT: &AsciiSet = &AsciiSet::EMPTY.add(b'/').add(b'%').add(b':');
    let segments: Option<Vec<String>> = path
        .split('/')
        .enumerate()
        .map(|(place, segment)| {
            if segment.is_empty() && place > 0 {
                return None;
            }
            let decoded = percent_decode_str(segment).decode_utf8().ok()?;
            Some(encode(&decoded, KEPT))
        })
        .collect();
    Some(segments?.join("/"))
}

/// A value as one segment of a path.
pub fn encode_segment(value: &str) -> String {
    const UNSAFE: &AsciiSet = &CONTROLS
        .add(b' ')
        .add(b'"')
        .add(b'#')
        .add(b'%')
        .add(b'/')
        .add(b'<')
        .add(b'>')
        .add(b'?')
        .add(b'\\')
        .add(b'^')
        .add(b'`')
        .add(b'{')
        .add(b'|')
        .add(b'}');
    encode(value, UNSAFE)
}

fn encode(value: &str, set: &'static AsciiSet) -> String {
    utf8_percent_encode(value, set).to_string()
}
