//! Failed builds.

use aws_sdk_codebuild::types::{Build, StatusType};

use super::{AwsError, Cloud, name_of};
use crate::pipelines::FailedBuild;

/// Number of log lines shown.
const LAST_LINES: i32 = 12;

impl Cloud {
    /// Returns why a build failed, or `None` if unknown. A missing log is not an error.
    pub async fn failed_build(&self, id: &str) -> Result<Option<FailedBuild>, AwsError> {
        let response = call!(self.builds => "BatchGetBuilds", batch_get_builds().ids(id))?;
        let Some(build) = response.builds.unwrap_or_default().into_iter().next() else {
            return Ok(None);
        };
        let place = build
            .logs
            .as_ref()
            .and_then(|logs| logs.group_name.as_deref().zip(logs.stream_name.as_deref()));
        let last_lines = match place {
            Some((group, stream)) => self
                .last_lines(group, stream, LAST_LINES)
                .await
                .unwrap_or_default(),
            None => Vec::new(),
        };
        Ok(Some(FailedBuild {
            reason: reason(&build),
            last_lines,
        }))
    }
}

/// Returns the failed phase and its message.
fn reason(build: &Build) -> String {
    let failed = build.phases().iter().find(|phase| {
        phase
            .phase_status()
            .is_some_and(|status| !matches!(status, StatusType::Succeeded | StatusType::InProgress))
    });
    let Some(phase) = failed else {
        return String::new();
    };
    let words = phase.contexts().iter().find_map(|context| {
        let message = context.message().filter(|message| !message.is_empty())?;
        Some(match context.status_code() {
            Some(code) if !code.is_empty() => format!("{code}: {message}"),
            _ => message.to_owned(),
        })
    });
    let name = name_of(phase.phase_type());
    match words {
        Some(words) => format!("{name}: {words}"),
        None => format!("{name} failed"),
    }
}
