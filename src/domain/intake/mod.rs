//! From bytes to a raw lead, one file per format.
