//! The account directory: a first-party list of companies, imported as CSV or NDJSON.
