//! Enrichment providers, described by data.
