//! Builds: why one failed.

use aws_sdk_codebuild::types::{Build, StatusType};

use super::{Cloud, Fault};
use crate::daily::pipelines::FailedBuild;

/// Lines of a failed build that are shown.
const LAST_LINES: i32 = 12;

impl Cloud {
    /// Why a build failed, or `None` if nothing is known of it. Its log is a help, not a must.
    pub async fn failed_build(&self, id: &str) -> Result<Option<FailedBuild>, Fault> {
        self.elsewhere.permit().await;
        let answer = self
            .builds
            .batch_get_builds()
            .ids(id)
            .send()
            .await
            .map_err(|error| Fault::of("BatchGetBuilds", &error))?;
        let Some(build) = answer.builds.unwrap_or_default().into_iter().next() else {
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

/// The phase that did not succeed, and CodeBuild's words.
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
    let name = phase
        .phase_type()
        .map(|kind| kind.as_str().to_owned())
        .unwrap_or_default();
    match words {
        Some(words) => format!("{name}: {words}"),
        None => format!("{name} failed"),
    }
}
