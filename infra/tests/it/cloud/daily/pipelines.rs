//! Where a release is, starting one, answering the approval that waits.

use infra::operation::Context;
use infra::operation::pipelines::{Connection, Pipeline, Places, Verdict, answer, start, status};
use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{SECOND, THIRD, repositories};
use crate::cloud::formation::Formation;
use crate::cloud::stage::{Person, Stage, wanted};
use crate::cloud::world::{Shared, World, ago, stage};

fn places(which: &[&'static str]) -> Places {
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
        tag_parameter: "penguinapp-imagetag".into(),
        repositories: repositories(),
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

/// The dev pipeline has failed at a build; the release pipeline waits for an approval.
fn world() -> World {
    let mut world = super::world();
    world.parameters.insert(
        "/penguin/shared/connection-arn".into(),
        vec!["arn:aws:codeconnections:x".into()],
    );
    world.connection = Some("AVAILABLE");
    let none = json!({});
    let failed = json!({
        "summary": "Build failed",
        "externalExecutionId": "penguin-dev-images:0a1b",
        "externalExecutionUrl": "https://console.aws.amazon.com/codebuild/home#/builds/penguin-dev-images:0a1b/view/new",
    });
    world.pipelines.insert(
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
    world.builds.insert("penguin-dev-images:0a1b".into(), json!({
        "id": "penguin-dev-images:0a1b",
        "phases": [
            { "phaseType": "INSTALL", "phaseStatus": "SUCCEEDED" },
            { "phaseType": "BUILD", "phaseStatus": "FAILED", "contexts": [{
                "statusCode": "COMMAND_EXECUTION_ERROR",
                "message": "Error while executing command: [ \"$failed\" = 0 ]. Reason: exit status 1" }] },
        ],
        "logs": { "groupName": "/penguin/build/penguin-dev-images", "streamName": "0a1b" },
    }));
    world.ecs.insert(
        "GetLogEvents".into(),
        json!({ "events": [
        { "timestamp": 1, "message": "app | error[E0432]: unresolved import `crate::fish`\n" },
        { "timestamp": 2, "message": "app | error: could not compile `penguin-app`\n" },
    ] }),
    );
    world.pipelines.insert("penguin-release".into(), json!({ "stageStates": [
        stage_state("Staging", "Succeeded", "run-1", &[action("DeployStaging", "Succeeded", 4000, &none)]),
        stage_state("Approval", "InProgress", "run-1", &[action("Approve", "InProgress", 3900, &json!({ "token": "t-1" }))]),
        json!({ "stageName": "Prod", "inboundTransitionState": { "enabled": false, "disabledReason": "frozen until Monday" },
            "actionStates": [{ "actionName": "DeployProd" }] }),
    ] }));
    for (name, status) in [("penguin-dev", "Failed"), ("penguin-release", "InProgress")] {
        world.runs.insert(name.into(), json!({
            "pipelineExecutionId": "run-1", "status": status, "startTime": ago(4500),
            "sourceRevisions": [{ "actionName": "Source", "revisionId": SECOND,
                "revisionSummary": "{\"ProviderType\":\"GitHub\",\"CommitMessage\":\"The fish is fresh\\n\\nAt length.\"}" }],
        }));
    }
    world.tokens = ["t-1".to_owned()].into();
    world.actions = vec![
        json!({ "pipelineExecutionId": "run-1", "actionName": "Settle", "output": { "outputVariables": { "IMAGE_TAG": SECOND } } }),
        json!({ "pipelineExecutionId": "run-1", "actionName": "DeployStaging" }),
        json!({ "pipelineExecutionId": "run-1", "actionName": "Approve", "input": { "resolvedConfiguration": {
            "CustomData": "Release 4f2a9c01 runs on staging. Approve to bring it to prod.",
            "ExternalEntityLink": "http://staging.example" } } }),
        json!({ "pipelineExecutionId": "run-0", "actionName": "Settle", "output": { "outputVariables": { "IMAGE_TAG": THIRD } } }),
    ];
    world
}

/// A session, with what the world was like afterwards.
fn ask(
    world: World,
    person: Person<'_>,
    work: impl AsyncFnOnce(&Context<'_>) -> anyhow::Result<infra::exit::ExitStatus>,
) -> (String, Stage, Shared) {
    let (stage, shared) = stage(Formation::default(), world);
    let told = person.does(&stage, &[wanted("DevPipelineStack", &[])], work);
    (told, stage, shared)
}

fn show(world: World, which: &[&'static str], json: bool) -> String {
    let person = Person {
        json,
        ..Person::default()
    };
    let places = places(which);
    ask(world, person, async |context| status(context, &places).await).0
}

#[test]
fn both_pipelines_with_why_one_failed_and_what_waits() {
    assert_snapshot!(show(world(), &["dev", "release"], false));
}

#[test]
fn a_program_gets_a_document() {
    assert_snapshot!(show(world(), &["dev", "release"], true));
}

#[test]
fn a_connection_that_nobody_agreed_to_is_named_with_the_place_to_do_it() {
    let mut pending = world();
    pending.connection = Some("PENDING");
    let told = show(pending, &["dev"], false);
    assert!(
        told.contains("warning: the connection to GitHub waits for somebody to agree to it"),
        "{told}"
    );
    assert!(
        told.contains(
            "https://eu-west-1.console.aws.amazon.com/codesuite/settings/connections?region=eu-west-1"
        ),
        "{told}"
    );
}

#[test]
fn no_pipelines_and_throttling_are_told_with_what_helps() {
    let mut none = world();
    none.pipelines.clear();
    let mut throttled = world();
    throttled.throttled = [("GetPipelineState", 1000)].into();
    let told = [none, throttled].map(|world| show(world, &["dev", "release"], false));
    assert_snapshot!(told.join("\n"));
}

#[test]
fn who_may_not_look_at_builds_still_sees_the_pipeline() {
    let mut blind = world();
    blind.denied = ["BatchGetBuilds", "GetConnection"].into();
    let told = show(blind, &["dev"], false);
    assert!(told.contains("FAILED") && told.contains("Build failed"), "{told}");
}

fn begin(world: World, which: &'static str, tag: Option<&str>) -> (String, Stage) {
    let places = places(&[which]);
    let (told, stage, _) = ask(world, Person::default(), async |context| {
        start(context, &places, tag).await
    });
    (told, stage)
}

#[test]
fn a_release_begins_with_the_tag_that_was_meant() {
    let (told, stage) = begin(world(), "release", Some("9b1c"));
    assert_snapshot!(told);
    let calls = stage.server.calls();
    let started = calls
        .iter()
        .find(|call| call.operation == "StartPipelineExecution")
        .unwrap();
    assert_eq!(
        started.json["variables"],
        json!([{ "name": "IMAGE_TAG", "value": THIRD }])
    );
}

#[test]
fn without_a_tag_the_pipeline_takes_the_latest() {
    let (told, stage) = begin(world(), "release", None);
    assert!(
        told.starts_with("penguin-release: started (run run-2)."),
        "{told}"
    );
    let calls = stage.server.calls();
    let started = calls
        .iter()
        .find(|call| call.operation == "StartPipelineExecution")
        .unwrap();
    assert!(started.json["variables"].is_null(), "{}", started.json);
}

#[test]
fn what_cannot_be_started_is_explained() {
    let mut no_release = world();
    no_release.parameters.remove("penguinapp-imagetag");
    let mut no_pipeline = world();
    no_pipeline.pipelines.clear();
    let told: Vec<_> = [
        (no_release, "release", None),
        (no_pipeline, "dev", None),
        (world(), "release", Some("9b1d")),
        (world(), "release", Some("nonsense")),
    ]
    .into_iter()
    .map(|(world, which, tag)| begin(world, which, tag).0)
    .collect();
    assert_snapshot!(told.join("\n"));
}

fn judge(world: World, approve: bool, comment: Option<&str>, person: Person<'_>) -> (String, Stage, Shared) {
    let places = places(&["dev", "release"]);
    let verdict = Verdict {
        approve,
        comment: comment.map(str::to_owned),
    };
    ask(world, person, async |context| {
        answer(context, &places, &verdict).await
    })
}

fn says(answer: &str) -> Person<'_> {
    Person {
        answers: Some(answer),
        ..Person::default()
    }
}

fn result_sent(stage: &Stage) -> Value {
    let calls = stage.server.calls();
    let sent = calls.iter().find(|call| call.operation == "PutApprovalResult");
    sent.map_or(Value::Null, |call| call.json.clone())
}

#[test]
fn an_approval_shows_what_waits_asks_and_answers_exactly_that() {
    let (told, stage, shared) = judge(world(), true, None, says("y\n"));
    assert_snapshot!(told);
    assert!(shared.now().tokens.is_empty());
    let sent = result_sent(&stage);
    assert_eq!(sent["result"]["status"], "Approved");
    assert_eq!(
        (&sent["stageName"], &sent["actionName"]),
        (&json!("Approval"), &json!("Approve"))
    );
}

#[test]
fn a_rejection_carries_the_comment() {
    let person = Person {
        yes: true,
        ..Person::default()
    };
    let (told, stage, _) = judge(world(), false, Some("the fish is rotten"), person);
    assert!(told.contains("penguin-release: rejected."), "{told}");
    let sent = result_sent(&stage);
    assert_eq!(
        sent["result"],
        json!({ "status": "Rejected", "summary": "the fish is rotten" })
    );
}

#[test]
fn a_no_leaves_it_waiting() {
    let (told, stage, _) = judge(world(), true, None, says("n\n"));
    assert!(
        told.ends_with("Nothing was answered; it goes on waiting.\n--- exit code 3\n"),
        "{told}"
    );
    assert_eq!(result_sent(&stage), Value::Null);
}

#[test]
fn a_script_has_to_say_yes() {
    let (told, stage, _) = judge(world(), true, None, Person::default());
    assert!(told.contains("hint: `--yes` answers it beforehand"), "{told}");
    assert_eq!(result_sent(&stage), Value::Null);
}

#[test]
fn nothing_waiting_several_waiting_and_being_too_late_are_explained() {
    let mut nothing = world();
    nothing
        .pipelines
        .insert("penguin-release".into(), json!({ "stageStates": [] }));
    let mut several = world();
    let waits = several.pipelines["penguin-release"].clone();
    several.pipelines.insert("penguin-dev".into(), waits);
    let mut late = world();
    late.tokens.clear();
    let told = [nothing, several, late].map(|world| judge(world, true, None, says("y\n")).0);
    assert_snapshot!(told.join("\n"));
}
