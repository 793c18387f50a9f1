//! Pipelines: how they are, starting one, answering an approval.

use aws_sdk_codepipeline::types::{
    ActionExecution, ActionExecutionDetail, ActionExecutionFilter, ActionState as SdkAction, ApprovalResult,
    ApprovalStatus, PipelineExecutionSummary, PipelineVariable, StageState as SdkStage,
};

use super::{Cloud, Fault, time};
use crate::daily::pipelines::{ActionState, PipelineState, Run, StageState, Subject, Waiting};

/// What became of an answer to an approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    /// It counts.
    Now,
    /// Somebody else has answered, or the run is over.
    TooLate,
}

impl Cloud {
    /// A pipeline with its newest run, or `None` if there is none of that name.
    pub async fn pipeline(&self, name: &str) -> Result<Option<PipelineState>, Fault> {
        self.elsewhere.permit().await;
        let answer = self.pipelines.get_pipeline_state().name(name).send().await;
        let state = match answer {
            Ok(state) => state,
            Err(error) => match Fault::of("GetPipelineState", &error) {
                fault if fault.is_not_found() => return Ok(None),
                fault => return Err(fault),
            },
        };
        self.elsewhere.permit().await;
        let runs = self
            .pipelines
            .list_pipeline_executions()
            .pipeline_name(name)
            .max_results(1)
            .send()
            .await
            .map_err(|error| Fault::of("ListPipelineExecutions", &error))?;
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

    /// What an approval is about: found in what the run's actions were given and gave. `variable` is the one that
    /// holds the tag.
    pub async fn subject(&self, waiting: &Waiting, variable: &str) -> Result<Subject, Fault> {
        let mut subject = Subject::default();
        let mut token = None;
        loop {
            self.elsewhere.permit().await;
            let filter = ActionExecutionFilter::builder()
                .set_pipeline_execution_id(waiting.run.clone())
                .build();
            let page = self
                .pipelines
                .list_action_executions()
                .pipeline_name(&waiting.pipeline)
                .filter(filter)
                .set_next_token(token)
                .send()
                .await
                .map_err(|error| Fault::of("ListActionExecutions", &error))?;
            for detail in page.action_execution_details.unwrap_or_default() {
                learn(&mut subject, detail, waiting, variable);
            }
            token = page.next_token;
            if token.is_none() {
                return Ok(subject);
            }
        }
    }

    /// Starts a pipeline with these variables. Returns the run's name, or `None` if there is no such pipeline.
    pub async fn start_pipeline(
        &self,
        name: &str,
        variables: &[(&str, &str)],
        token: &str,
    ) -> Result<Option<String>, Fault> {
        let mut given = Vec::new();
        for (name, value) in variables {
            let variable = PipelineVariable::builder().name(*name).value(*value).build();
            given.push(variable.map_err(|error| Fault::BrokenRequest(error.to_string()))?);
        }
        self.elsewhere.permit().await;
        let answer = self
            .pipelines
            .start_pipeline_execution()
            .name(name)
            .set_variables((!given.is_empty()).then_some(given))
            .client_request_token(token)
            .send();
        match answer.await {
            Ok(started) => Ok(Some(started.pipeline_execution_id.unwrap_or_default())),
            Err(error) => match Fault::of("StartPipelineExecution", &error) {
                fault if fault.is_not_found() => Ok(None),
                fault => Err(fault),
            },
        }
    }

    /// Answers an approval: exactly the request that `waiting` names.
    pub async fn answer_approval(
        &self,
        waiting: &Waiting,
        approve: bool,
        comment: &str,
    ) -> Result<Answered, Fault> {
        let result = ApprovalResult::builder()
            .summary(comment)
            .status(if approve {
                ApprovalStatus::Approved
            } else {
                ApprovalStatus::Rejected
            })
            .build()
            .map_err(|error| Fault::BrokenRequest(error.to_string()))?;
        self.elsewhere.permit().await;
        let answer = self
            .pipelines
            .put_approval_result()
            .pipeline_name(&waiting.pipeline)
            .stage_name(&waiting.stage)
            .action_name(&waiting.action)
            .token(&waiting.token)
            .result(result)
            .send();
        match answer.await {
            Ok(_) => Ok(Answered::Now),
            Err(error) => match Fault::of("PutApprovalResult", &error) {
                Fault::Refused { code, .. }
                    if code == "InvalidApprovalTokenException"
                        || code == "ApprovalAlreadyCompletedException" =>
                {
                    Ok(Answered::TooLate)
                }
                fault => Err(fault),
            },
        }
    }

    /// Where a person finds a pipeline in the web console.
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
        status: run
            .status
            .map(|status| status.as_str().to_owned())
            .unwrap_or_default(),
        began: time(run.start_time.as_ref()),
        commit,
        // GitHub's revisions come wrapped in JSON.
        summary: summary.map(|text| commit_message(&text).unwrap_or(text)),
    }
}

/// `{"ProviderType":"GitHub","CommitMessage":"…"}`, as connections give it.
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
                .unwrap_or_else(|| "somebody disabled the transition".to_owned())
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
    fn a_connection_wraps_the_commit_message() {
        assert_eq!(
            commit_message(r#"{"ProviderType":"GitHub","CommitMessage":"Faster"}"#).as_deref(),
            Some("Faster")
        );
        assert_eq!(commit_message("Faster"), None);
    }
}
