//! Pipelines: state, start, approvals.

use aws_sdk_codepipeline::types::{
    ActionExecution, ActionExecutionDetail, ActionExecutionFilter, ActionState as SdkAction, ApprovalResult,
    ApprovalStatus, PipelineExecutionSummary, PipelineVariable, StageState as SdkStage,
};

use super::{AwsError, Cloud, if_found, name_of, time};
use crate::pipelines::{ActionState, PipelineState, Run, StageState, Subject, Waiting};

/// Result of a decision on an approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is recorded.
    Recorded,
    /// Another user decided, or the run ended.
    TooLate,
}

impl Cloud {
    /// Returns a pipeline with its newest run, or `None` if it does not exist.
    pub async fn pipeline(&self, name: &str) -> Result<Option<PipelineState>, AwsError> {
        let state = call!(self.pipelines => "GetPipelineState", get_pipeline_state().name(name));
        let Some(state) = if_found(state)? else {
            return Ok(None);
        };
        let runs = call!(self.pipelines => "ListPipelineExecutions",
            list_pipeline_executions().pipeline_name(name).max_results(1))?;
        Ok(Some(PipelineState {
            name: name.to_owned(),
            run: runs
                .pipeline_execution_summaries
                .unwrap_or_default()
                .into_iter()
                .next()
                .map(run_of),
            stages: state
                .stage_states
                .unwrap_or_default()
                .into_iter()
                .map(stage_of)
                .collect(),
        }))
    }

    /// Returns the subject of an approval, from the inputs and outputs of the run's actions. `variable` holds the tag.
    pub async fn subject(&self, waiting: &Waiting, variable: &str) -> Result<Subject, AwsError> {
        let mut subject = Subject::default();
        let filter = ActionExecutionFilter::builder().set_pipeline_execution_id(waiting.run.clone());
        let details = pages!(self.pipelines => "ListActionExecutions", action_execution_details:
            list_action_executions().pipeline_name(&waiting.pipeline).filter(filter.clone().build()))?;
        for detail in details {
            learn(&mut subject, detail, waiting, variable);
        }
        Ok(subject)
    }

    /// Starts a pipeline with these variables. Returns the execution id, or `None` if it does not exist.
    pub async fn start_pipeline(
        &self,
        name: &str,
        variables: &[(&str, &str)],
        token: &str,
    ) -> Result<Option<String>, AwsError> {
        let mut given = Vec::new();
        for (name, value) in variables {
            let variable = PipelineVariable::builder().name(*name).value(*value).build();
            given.push(variable.map_err(|error| AwsError::BrokenRequest(error.to_string()))?);
        }
        match call!(self.pipelines => "StartPipelineExecution",
            start_pipeline_execution().name(name).set_variables((!given.is_empty()).then_some(given))
                .client_request_token(token))
        {
            Ok(started) => Ok(Some(started.pipeline_execution_id.unwrap_or_default())),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Decides the approval `waiting`.
    pub async fn decide_approval(
        &self,
        waiting: &Waiting,
        approve: bool,
        comment: &str,
    ) -> Result<Decision, AwsError> {
        let result = ApprovalResult::builder()
            .summary(comment)
            .status(if approve {
                ApprovalStatus::Approved
            } else {
                ApprovalStatus::Rejected
            })
            .build()
            .map_err(|error| AwsError::BrokenRequest(error.to_string()))?;
        match call!(self.pipelines => "PutApprovalResult",
            put_approval_result().pipeline_name(&waiting.pipeline).stage_name(&waiting.stage)
                .action_name(&waiting.action).token(&waiting.token).result(result))
        {
            Ok(_) => Ok(Decision::Recorded),
            Err(AwsError::Refused { code, .. })
                if code == "InvalidApprovalTokenException" || code == "ApprovalAlreadyCompletedException" =>
            {
                Ok(Decision::TooLate)
            }
            Err(error) => Err(error),
        }
    }

    /// Returns the console link to a pipeline.
    pub fn pipeline_link(&self, name: &str) -> String {
        let region = &self.region;
        format!(
            "https://{region}.console.aws.amazon.com/codesuite/codepipeline/pipelines/{name}/view?region={region}"
        )
    }
}

fn run_of(run: PipelineExecutionSummary) -> Run {
    let source = run.source_revisions.unwrap_or_default().into_iter().next();
    let (commit, summary) = source.map_or((None, None), |source| {
        (source.revision_id, source.revision_summary)
    });
    Run {
        id: run.pipeline_execution_id.unwrap_or_default(),
        status: name_of(run.status.as_ref()),
        began: time(run.start_time.as_ref()),
        commit,
        // GitHub revisions are wrapped in JSON.
        summary: summary.map(|text| commit_message(&text).unwrap_or(text)),
    }
}

/// Extracts the message of `{"ProviderType":"GitHub","CommitMessage":"…"}`.
fn commit_message(summary: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(summary).ok()?;
    Some(value.get("CommitMessage")?.as_str()?.to_owned())
}

fn stage_of(stage: SdkStage) -> StageState {
    let transition = stage
        .inbound_transition_state
        .filter(|transition| !transition.enabled);
    let (status, run) = stage.latest_execution.map_or((None, None), |latest| {
        (
            Some(latest.status.as_str().to_owned()),
            Some(latest.pipeline_execution_id),
        )
    });
    StageState {
        name: stage.stage_name.unwrap_or_default(),
        status,
        run,
        closed: transition.map(|transition| {
            transition
                .disabled_reason
                .unwrap_or_else(|| "no reason given".to_owned())
        }),
        actions: stage
            .action_states
            .unwrap_or_default()
            .into_iter()
            .map(action_of)
            .collect(),
    }
}

fn action_of(action: SdkAction) -> ActionState {
    let latest = action
        .latest_execution
        .unwrap_or_else(|| ActionExecution::builder().build());
    ActionState {
        name: action.action_name.unwrap_or_default(),
        status: latest.status.map(|status| status.as_str().to_owned()),
        since: latest.last_status_change.as_ref().map(|at| time(Some(at))),
        summary: latest.summary,
        error: latest.error_details.and_then(|error| error.message),
        external_id: latest.external_execution_id,
        link: latest.external_execution_url.or(action.entity_url),
        token: latest.token,
        build: None,
    }
}

fn learn(subject: &mut Subject, detail: ActionExecutionDetail, waiting: &Waiting, variable: &str) {
    let given = detail
        .output
        .and_then(|output| output.output_variables)
        .unwrap_or_default();
    if let Some(tag) = given.get(variable) {
        subject.release = Some(tag.clone());
    }
    if detail.action_name.as_deref() == Some(waiting.action.as_str()) {
        let resolved = detail
            .input
            .and_then(|input| input.resolved_configuration)
            .unwrap_or_default();
        subject.message = resolved.get("CustomData").cloned().or(subject.message.take());
        subject.url = resolved.get("ExternalEntityLink").cloned().or(subject.url.take());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commit_message_is_extracted_from_connection_json() {
        assert_eq!(
            commit_message(r#"{"ProviderType":"GitHub","CommitMessage":"Faster"}"#).as_deref(),
            Some("Faster")
        );
        assert_eq!(commit_message("Faster"), None);
    }
}
