//! Stack events of the current operation, each once.

use aws_sdk_cloudformation::types::StackEvent as SdkEvent;

use super::{AwsError, Cloud, name_of, time};
use crate::deployment::progress::StackEvent;

/// Position in a stack's events.
#[derive(Clone, Debug, Default)]
pub struct EventCursor {
    newest: Option<String>,
}

impl Cloud {
    /// Creates a cursor after the newest event.
    pub async fn cursor_at_end(&self, stack_id: &str) -> Result<EventCursor, AwsError> {
        let (events, _) = self.event_page(stack_id, None).await?;
        Ok(EventCursor {
            newest: events.into_iter().next().map(|event| event.id),
        })
    }

    /// Passes the events since `cursor` to `take`, newest first, page by page to bound memory.
    ///
    /// Stops at the start of the operation: earlier events are never read.
    pub async fn new_events(
        &self,
        stack_id: &str,
        cursor: &mut EventCursor,
        mut take: impl FnMut(StackEvent),
    ) -> Result<(), AwsError> {
        let mut newest = None;
        let mut token = None;
        loop {
            let (events, next) = self.event_page(stack_id, token).await?;
            for event in events {
                if cursor.newest.as_ref() == Some(&event.id) {
                    cursor.newest = newest.or(cursor.newest.take());
                    return Ok(());
                }
                if newest.is_none() {
                    newest = Some(event.id.clone());
                }
                let first = event.begins_operation();
                take(event);
                if first {
                    cursor.newest = newest;
                    return Ok(());
                }
            }
            token = next;
            if token.is_none() {
                cursor.newest = newest.or(cursor.newest.take());
                return Ok(());
            }
        }
    }

    async fn event_page(
        &self,
        stack_id: &str,
        token: Option<String>,
    ) -> Result<(Vec<StackEvent>, Option<String>), AwsError> {
        let page = call!(self.stacks => "DescribeStackEvents",
            describe_stack_events().stack_name(stack_id).set_next_token(token))?;
        let events = page.stack_events.unwrap_or_default();
        Ok((events.into_iter().map(event_of).collect(), page.next_token))
    }
}

fn event_of(event: SdkEvent) -> StackEvent {
    let of_stack = event.physical_resource_id.is_some() && event.physical_resource_id == event.stack_id;
    StackEvent {
        at: time(event.timestamp.as_ref()),
        id: event.event_id.unwrap_or_default(),
        resource: event.logical_resource_id.unwrap_or_default(),
        physical: event.physical_resource_id.filter(|id| !id.is_empty()),
        kind: event.resource_type.unwrap_or_default(),
        status: name_of(event.resource_status.as_ref()),
        reason: event.resource_status_reason,
        of_stack,
    }
}
