//! Once an hour: KV holds what D1 says is in force, also after a publication whose second step failed.

use crate::bindings::world::World;
use crate::bindings::{config, log};

/// Copies what differs. A failure is in the log, and the next hour tries again.
pub async fn run(world: &World) {
    if let Err(error) = config::copy_in_force(&world.env).await {
        let detail = Some(error.detail.as_str());
        log::error(&log::LogLine { event: "config.copy_failed", detail, ..log::LogLine::default() });
    }
}
