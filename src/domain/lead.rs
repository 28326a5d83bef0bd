//! A lead as checked: every field within its limits.
