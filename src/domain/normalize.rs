//! One spelling for what people type in many.
