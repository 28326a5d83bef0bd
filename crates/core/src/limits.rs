//! Every limit of the system, named, with its derivation.

/// Largest request body, in bytes. The largest real form posts are a few kilobytes; 256 KiB leaves room for
/// long free text and keeps a hundred parallel bodies below a fifth of an isolate's 128 MB.
pub const BODY_BYTES_MAX: usize = 256 * 1024;

/// Largest lead that a stranger can send, in bytes of JSON: a form with 30 answers of 1,000 characters. At
/// 30 posts a minute one client fills 1.4 GB a day with them, an eighth of what bodies of 256 KiB would.
pub const PUBLIC_LEAD_BYTES_MAX: usize = 32 * 1024;

/// Most fields in one lead. The widest form builders stop at about 200 questions.
pub const FIELDS_MAX: usize = 256;

/// Longest name of a field, in bytes.
pub const FIELD_NAME_BYTES_MAX: usize = 128;

/// Longest value of an ordinary field, in characters.
pub const VALUE_CHARS_MAX: usize = 1_000;

/// Longest free text (`message`), in characters.
pub const MESSAGE_CHARS_MAX: usize = 10_000;

/// Longest first, last or full name, in characters.
pub const NAME_CHARS_MAX: usize = 300;

/// Longest e-mail address, in bytes (RFC 5321: 254 for a path without brackets).
pub const EMAIL_BYTES_MAX: usize = 254;

/// Deepest nesting of a JSON lead: the body, `utm` or `fields`, and one list inside.
pub const JSON_DEPTH_MAX: usize = 8;

/// Deepest nesting of a vendor's payload that is read. The deepest documented one, of `LinkedIn`, has 9 levels.
pub const PAYLOAD_DEPTH_MAX: usize = 16;

/// Most intent signals in one lead.
pub const SIGNALS_MAX: usize = 100;

/// Longest `Idempotency-Key` or `submission_id`, in bytes.
pub const IDEMPOTENCY_KEY_BYTES_MAX: usize = 255;

/// How long a repeated submission is answered with the first answer, in milliseconds: 24 hours.
pub const REPLAY_WINDOW_MS: i64 = 24 * crate::time::HOUR_MS;

/// Most rows of one directory import.
pub const IMPORT_ROWS_MAX: usize = 50_000;

/// Largest directory import, in bytes.
pub const IMPORT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Longest URL in a lead, in characters: links with tracking parameters pass 1,000 often, 2,000 hardly ever.
pub const URL_CHARS_MAX: usize = 2_048;

/// Most problems that one answer lists; the count says how many there are.
pub const PROBLEMS_MAX: usize = 1_000;

/// Longest piece of a name from the sender that is repeated in a problem, in characters.
pub const ECHO_CHARS_MAX: usize = 64;

/// Largest answer of a provider that is read, in bytes. The largest documented answer is capped at 1 MB.
pub const PROVIDER_BODY_BYTES_MAX: usize = 1024 * 1024;

/// Most bytes of a page of a company's website that are read. What is read of it stands in the head, and half of the pages
/// of the web are shorter than 100 KiB.
pub const PAGE_BYTES_MAX: usize = 256 * 1024;

/// Most redirects that are followed on the way to a company's page: to `www`, to a language, and one to spare.
pub const REDIRECTS_MAX: u32 = 3;

/// Most blocks of JSON-LD on a page that are read. Shops have one for each product; the company stands in the first.
pub const JSON_LD_BLOCKS_MAX: usize = 20;

/// Longest block of JSON-LD that is read, in bytes.
pub const JSON_LD_BYTES_MAX: usize = 64 * 1024;

/// Most objects of a page's JSON-LD that are looked at.
pub const JSON_LD_NODES_MAX: usize = 500;

/// Deepest place in JSON-LD at which a company is looked for: a list, `@graph`, a page, its publisher, and two to spare.
pub const JSON_LD_DEPTH_MAX: usize = 6;

/// Most hosts of a page's scripts that are looked at.
pub const SCRIPT_HOSTS_MAX: usize = 200;

/// Most events in one request of a sender. `HubSpot` and Salesforce send 100 at most.
pub const HOOK_EVENTS_MAX: usize = 100;

/// Largest request body of a sender, in bytes: a batch of Segment (500 KB), and room for 100 records of Salesforce.
pub const HOOK_BODY_BYTES_MAX: usize = 1024 * 1024;

/// Largest event of Segment's tracking API, in bytes: 32 KB, as Segment documents it.
pub const SEGMENT_EVENT_BYTES_MAX: usize = 32 * 1024;

/// Largest batch of Segment's tracking API, in bytes: 500 KB, as Segment documents it.
pub const SEGMENT_BATCH_BYTES_MAX: usize = 500 * 1024;

/// Most leads in one batch of Segment's tracking API. Its libraries send 15 to 100 events at a time; three calls to
/// objects for each of 250 stay below the platform's limit of 1,000 in one request.
pub const SEGMENT_LEADS_MAX: usize = 250;

/// Most refused events of senders that are kept: some days of a form that lost its address field, of a busy site.
pub const REFUSED_EVENTS_MAX: i64 = 10_000;

/// Largest refused event that is kept whole, in bytes of JSON: the largest form with an essay in it.
pub const REFUSED_EVENT_BYTES_MAX: usize = 64 * 1024;

/// What is kept of each text of a larger one, in characters: 256 fields of them fit.
pub const REFUSED_TEXT_CHARS_MAX: usize = 200;

/// Most origins of one form: the sites of a business with a site per country and language.
pub const FORM_ORIGINS_MAX: usize = 100;

/// Largest settings of one form, in bytes: 256 fields with long names fit into half of it.
pub const FORM_BYTES_MAX: usize = 64 * 1024;

/// Most forms with settings. One answer lists them all.
pub const FORMS_MAX: usize = 1_000;

/// Most rows of a batch of leads. In messages of a hundred rows it is a hundred calls and about a second of computing.
pub const BATCH_ROWS_MAX: usize = 10_000;

/// Most rows of a batch whose sender waits for every decision: three calls to objects for each of 250 stay below the
/// platform's limit of 1,000 in one request.
pub const BATCH_WAIT_ROWS_MAX: usize = 250;

/// Largest batch of leads, in bytes: 1.6 KB for each of 10,000 rows.
pub const BATCH_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Largest lead that fits a message of the queue, in bytes of JSON. The platform takes 128,000.
pub const BATCH_MESSAGE_BYTES_MAX: usize = 120_000;
