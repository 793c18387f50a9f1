//! Explanation of a stack that waits for its certificate, for verbs that did not start the operation.

use std::time::SystemTime;

use crate::aws::{AwsError, Cloud, EventCursor, StackState, if_allowed};
use crate::deployment::certificate_wait::CertificateWait;
use crate::deployment::progress::Progress;

/// Returns why a stack waits, if a certificate is not issued yet. Without permission to read events, returns `None`.
pub(super) async fn wait(cloud: &Cloud, name: &str, state: &StackState) -> Result<Option<String>, AwsError> {
    if !state.status.ends_with("_IN_PROGRESS") {
        return Ok(None);
    }
    let mut events = Vec::new();
    let read = cloud
        .new_events(&state.id, &mut EventCursor::default(), |event| events.push(event))
        .await;
    if if_allowed(read)?.is_none() {
        return Ok(None);
    }
    let mut progress = Progress::new(name, state.changed, None);
    let mut wait = CertificateWait::default();
    // Oldest first.
    for event in events.iter().rev() {
        progress.absorb(event);
        wait.absorb(event);
    }
    Ok(wait.message(&progress, SystemTime::now()))
}
