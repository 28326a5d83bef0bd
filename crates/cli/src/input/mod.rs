//! What a command reads.

pub mod files;
pub mod leads_csv;
pub mod now;
pub mod references;
pub mod roster_file;
