//! `pipeline` against the AWS mock.

use infra::workflows::Context;
use infra::workflows::pipelines::{Connection, Pipeline, Places, Verdict, decide, start, status};
use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{SECOND, THIRD, repositories};
use crate::cloud::fixture::{Fixture, Shared, ago, harness};
use crate::cloud::formation::Formation;
use crate::cloud::harness::{Harness, Person, spec};

pub(in crate::cloud) fn places(which: &[&'static str]) -> Places {
    Places {
        region: None,
        pipelines: which
            .iter()
            .map(|which| Pipeline {
                which,
                name: format!("penguin-{which}"),
            })
            .collect(),
        connection: Connection::Parameter("/penguin/shared/connection-arn".into()),
        variable: "IMAGE_TAG".into(),
        latest: "latest".to_owned(),
        tag_parameter: "penguinapp-imagetag".into(),
        repositories: repositories(),
        stacks: vec!["DevAppStack".into(), "ProdAppStack".into()],
    }
}

fn action(name: &str, status: &str, seconds: u64, more: &Value) -> Value {
    let mut latest = json!({ "status": status, "lastStatusChange": ago(seconds) });
    latest
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    json!({ "actionName": name, "latestExecution": latest })
}

fn stage_state(name: &str, status: &str, run: &str, actions: &[Value]) -> Value {
    json!({
        "stageName": name,
        "inboundTransitionState": { "enabled": true },
        "latestExecution": { "pipelineExecutionId": run, "status": status },
        "actionStates": actions,
    })
}

/// The dev pipeline failed at a build; the release pipeline has a pending approval.
pub(in crate::cloud) fn fixture() -> Fixture {
    let mut fixture = super::fixture();
    fixture.parameters.insert(
        "/penguin/shared/connection-arn".into(),
        vec!["arn:aws:codeconnections:x".into()],
    );
    fixture.connection = Some("AVAILABLE");
    let none = json!({});
    let failed = json!({
        "summary": "Build failed",
        "externalExecutionId": "penguin-dev-images:0a1b",
        "externalExecutionUrl": "https://console.aws.amazon.com/codebuild/home#/builds/penguin-dev-images:0a1b/view/new",
    });
    fixture.pipelines.insert(
        "penguin-dev".into(),
        json!({ "stageStates": [
        stage_state("Source", "Succeeded", "run-1", &[action("Source", "Succeeded", 700, &none)]),
        stage_state("Build", "Failed", "run-1", &[
            action("BuildImages", "Failed", 300, &failed),
            action("SynthTemplate", "Succeeded", 500, &none),
        ]),
        stage_state("Deploy", "Succeeded", "run-0", &[action("DeployDev", "Succeeded", 90_000, &none)]),
    ] }),
    );
    fixture.builds.insert("penguin-dev-images:0a1b".into(), json!({
        "id": "penguin-dev-images:0a1b",
        "phases": [
            { "phaseType": "INSTALL", "phaseStatus": "SUCCEEDED" },
            { "phaseType": "BUILD", "phaseStatus": "FAILED", "contexts": [{
                "statusCode": "COMMAND_EXECUTION_ERROR",
                "message": "Error while executing command: [ \"$failed\" = 0 ]. Reason: exit status 1" }] },
        ],
        "logs": { "groupName": "/penguin/build/penguin-dev-images", "streamName": "0a1b" },
    }));
    fixture.ecs.insert(
        "GetLogEvents".into(),
        json!({ "events": [
        { "timestamp": 1, "message": "app | error[E0432]: unresolved import `crate::fish`\n" },
        { "timestamp": 2, "message": "app | error: could not compile `penguin-app`\n" },
    ] }),
    );
    fixture.pipelines.insert("penguin-release".into(), json!({ "stageStates": [
        stage_state("Staging", "Succeeded", "run-1", &[action("DeployStaging", "Succeeded", 4000, &none)]),
        stage_state("Approval", "InProgress", "run-1", &[action("Approve", "InProgress", 3900, &json!({ "token": "t-1" }))]),
        json!({ "stageName": "Prod", "inboundTransitionState": { "enabled": false, "disabledReason": "frozen until Monday" },
            "actionStates": [{ "actionName": "DeployProd" }] }),
    ] }));
    for (name, status) in [("penguin-dev", "Failed"), ("penguin-release", "InProgress")] {
        fixture.runs.insert(name.into(), json!({
            "pipelineExecutionId": "run-1", "status": status, "startTime": ago(4500),
            "sourceRevisions": [{ "actionName": "Source", "revisionId": SECOND,
                "revisionSummary": "{\"ProviderType\":\"GitHub\",\"CommitMessage\":\"The fish is fresh\\n\\nAt length.\"}" }],
        }));
    }
    fixture.tokens = ["t-1".to_owned()].into();
    fixture.actions = vec![
        json!({ "pipelineExecutionId": "run-1", "actionName": "Settle", "output": { "outputVariables": { "IMAGE_TAG": SECOND } } }),
        json!({ "pipelineExecutionId": "run-1", "actionName": "DeployStaging" }),
        json!({ "pipelineExecutionId": "run-1", "actionName": "Approve", "input": { "resolvedConfiguration": {
            "CustomData": "Release 4f2a9c01 runs on staging. Approve to bring it to prod.",
            "ExternalEntityLink": "http://staging.example" } } }),
        json!({ "pipelineExecutionId": "run-0", "actionName": "Settle", "output": { "outputVariables": { "IMAGE_TAG": THIRD } } }),
    ];
    fixture
}

/// Runs a session and returns the final fixture too.
fn ask(
    fixture: Fixture,
    person: Person<'_>,
    work: impl AsyncFnOnce(&Context<'_>) -> anyhow::Result<infra::exit::ExitStatus>,
) -> (String, Harness, Shared) {
    let (harness, shared) = harness(Formation::default(), fixture);
    let printed = person.does(&harness, &[spec("DevPipelineStack", &[])], work);
    (printed, harness, shared)
}

fn show(fixture: Fixture, which: &[&'static str], json: bool) -> String {
    let person = Person {
        json,
        ..Person::default()
    };
    let places = places(which);
    ask(fixture, person, async |context| status(context, &places).await).0
}

#[test]
fn status_shows_failure_reason_and_pending_approval() {
    assert_snapshot!(show(fixture(), &["dev", "release"], false));
}

#[test]
fn json_document() {
    assert_snapshot!(show(fixture(), &["dev", "release"], true));
}

#[test]
fn pending_connection_is_a_warning_with_link() {
    let mut pending = fixture();
    pending.connection = Some("PENDING");
    let printed = show(pending, &["dev"], false);
    assert!(
        printed.contains("warning: the connection to GitHub is PENDING"),
        "{printed}"
    );
    assert!(
        printed.contains(
            "https://eu-west-1.console.aws.amazon.com/codesuite/settings/connections?region=eu-west-1"
        ),
        "{printed}"
    );
}

#[test]
fn missing_pipelines_and_throttling_have_hints() {
    let mut none = fixture();
    none.pipelines.clear();
    let mut throttled = fixture();
    throttled.throttled = [("GetPipelineState", 1000)].into();
    let printed = [none, throttled].map(|fixture| show(fixture, &["dev", "release"], false));
    assert_snapshot!(printed.join("\n"));
}

#[test]
fn denied_build_details_keep_the_pipeline() {
    let mut blind = fixture();
    blind.denied = ["BatchGetBuilds", "GetConnection"].into();
    let printed = show(blind, &["dev"], false);
    assert!(
        printed.contains("FAILED") && printed.contains("Build failed"),
        "{printed}"
    );
}

fn begin(fixture: Fixture, which: &'static str, tag: Option<&str>) -> (String, Harness) {
    let places = places(&[which]);
    let (printed, harness, _) = ask(fixture, Person::default(), async |context| {
        start(context, &places, tag).await
    });
    (printed, harness)
}

/// The variables of the run that was started.
fn variables(harness: &Harness) -> Value {
    let calls = harness.server.calls();
    let started = calls
        .iter()
        .find(|call| call.operation == "StartPipelineExecution");
    started.unwrap().json["variables"].clone()
}

#[test]
fn start_resolves_a_tag_prefix() {
    let (printed, harness) = begin(fixture(), "release", Some("9b1c"));
    assert_snapshot!(printed);
    assert_eq!(
        variables(&harness),
        json!([{ "name": "IMAGE_TAG", "value": THIRD }])
    );
}

#[test]
fn start_without_tag_uses_the_latest_release() {
    let (printed, harness) = begin(fixture(), "release", None);
    assert!(
        printed.starts_with("penguin-release: started (run run-2)."),
        "{printed}"
    );
    // The release pipeline requires an explicit tag.
    assert_eq!(
        variables(&harness),
        json!([{ "name": "IMAGE_TAG", "value": "latest" }])
    );
}

#[test]
fn start_errors() {
    let mut no_release = fixture();
    no_release.parameters.remove("penguinapp-imagetag");
    let mut no_pipeline = fixture();
    no_pipeline.pipelines.clear();
    let printed: Vec<_> = [
        (no_release, "release", None),
        (no_pipeline, "dev", None),
        (fixture(), "release", Some("9b1d")),
        (fixture(), "release", Some("nonsense")),
    ]
    .into_iter()
    .map(|(fixture, which, tag)| begin(fixture, which, tag).0)
    .collect();
    assert_snapshot!(printed.join("\n"));
}

fn judge(
    fixture: Fixture,
    approve: bool,
    comment: Option<&str>,
    person: Person<'_>,
) -> (String, Harness, Shared) {
    let places = places(&["dev", "release"]);
    let verdict = Verdict {
        approve,
        comment: comment.map(str::to_owned),
    };
    ask(fixture, person, async |context| {
        decide(context, &places, &verdict).await
    })
}

fn says(answer: &str) -> Person<'_> {
    Person {
        answers: Some(answer),
        ..Person::default()
    }
}

fn result_sent(harness: &Harness) -> Value {
    let calls = harness.server.calls();
    let sent = calls.iter().find(|call| call.operation == "PutApprovalResult");
    sent.map_or(Value::Null, |call| call.json.clone())
}

#[test]
fn approve_shows_confirms_and_decides_the_pending_request() {
    let (printed, harness, shared) = judge(fixture(), true, None, says("y\n"));
    assert_snapshot!(printed);
    assert!(shared.now().tokens.is_empty());
    let sent = result_sent(&harness);
    assert_eq!(sent["result"]["status"], "Approved");
    assert_eq!(
        (&sent["stageName"], &sent["actionName"]),
        (&json!("Approval"), &json!("Approve"))
    );
}

#[test]
fn reject_sends_the_comment() {
    let person = Person {
        yes: true,
        ..Person::default()
    };
    let (printed, harness, _) = judge(fixture(), false, Some("the fish is rotten"), person);
    assert!(printed.contains("penguin-release: rejected."), "{printed}");
    let sent = result_sent(&harness);
    assert_eq!(
        sent["result"],
        json!({ "status": "Rejected", "summary": "the fish is rotten" })
    );
}

#[test]
fn declined_approval_stays_pending() {
    let (printed, harness, _) = judge(fixture(), true, None, says("n\n"));
    assert!(
        printed.ends_with("No decision made; the approval is still pending.\n--- exit code 3\n"),
        "{printed}"
    );
    assert_eq!(result_sent(&harness), Value::Null);
}

#[test]
fn approve_without_terminal_requires_yes() {
    let (printed, harness, _) = judge(fixture(), true, None, Person::default());
    assert!(
        printed.contains("hint: pass `--yes` to skip the prompt"),
        "{printed}"
    );
    assert_eq!(result_sent(&harness), Value::Null);
}

#[test]
fn no_several_and_outdated_approvals() {
    let mut nothing = fixture();
    nothing
        .pipelines
        .insert("penguin-release".into(), json!({ "stageStates": [] }));
    let mut several = fixture();
    let waits = several.pipelines["penguin-release"].clone();
    several.pipelines.insert("penguin-dev".into(), waits);
    let mut late = fixture();
    late.tokens.clear();
    let printed = [nothing, several, late].map(|fixture| judge(fixture, true, None, says("y\n")).0);
    assert_snapshot!(printed.join("\n"));
}

#[test]
fn stack_that_pipelines_cannot_deploy_is_a_warning() {
    let mut formation = Formation::default();
    formation.stack("DevAppStack", "ROLLBACK_COMPLETE");
    let (harness, _) = harness(formation, fixture());
    let places = places(&["dev"]);
    let printed = Person::default().does(&harness, &[spec("DevPipelineStack", &[])], async |context| {
        status(context, &places).await
    });
    assert!(
        printed.contains(
            "warning: DevAppStack: creation failed (ROLLBACK_COMPLETE); pipelines cannot deploy it\n"
        ) && printed.contains("hint: correct the cause, then run `infra deploy DevAppStack`"),
        "{printed}"
    );
}

#[test]
fn start_succeeds_with_unknown_connection() {
    let mut fixture = fixture();
    fixture.broken.insert("GetConnection");
    let places = places(&["dev"]);
    let (printed, harness, _) = ask(fixture, Person::default(), async |context| {
        start(context, &places, None).await
    });
    assert!(printed.ends_with("--- exit code 0\n"), "{printed}");
    assert_eq!(harness.server.count("StartPipelineExecution"), 1);
}
