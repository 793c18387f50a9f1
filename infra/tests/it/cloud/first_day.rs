//! New accounts: missing service-linked roles, pending connection.

use infra::deployment::stack_spec::StackSpec;
use infra::workflows::deploy::{Pipelines, Request, deploy};
use infra::workflows::pipelines::Connection;

use super::fixture::{Fixture, Shared, harness};
use super::formation::{Formation, change, step};
use super::harness::{Harness, Person, Session, Verb, creatable, spec};

const ROLE: &str = "AWSServiceRoleForECS";

/// An account without the ECS role.
fn new_account() -> Formation {
    let mut formation = creatable();
    formation.missing_roles = [ROLE.to_owned()].into();
    formation
}

#[test]
fn missing_role_is_created_after_confirmation() {
    let harness = Harness::new(new_account());
    let printed = Session::typing("y\n").run(Verb::Deploy, &harness);
    assert!(
        printed.contains(
            "Deploy 1 stack to account 123456789012 in eu-west-1 and create 1 service-linked role? [y/N]\n"
        ) && printed.contains("AWSServiceRoleForECS: created\n"),
        "{printed}"
    );
    let calls = harness.server.calls();
    let at = |operation: &str| calls.iter().position(|call| call.operation == operation);
    assert!(
        at("CreateServiceLinkedRole") < at("ExecuteChangeSet"),
        "{printed}"
    );
    assert_eq!(
        calls[at("CreateServiceLinkedRole").unwrap()].get("AWSServiceName"),
        "ecs.amazonaws.com"
    );
}

#[test]
fn declined_deployment_creates_no_role() {
    let harness = Harness::new(new_account());
    let printed = Session::typing("n\n").run(Verb::Deploy, &harness);
    assert!(printed.ends_with("--- exit code 3\n"), "{printed}");
    assert_eq!(harness.server.count("CreateServiceLinkedRole"), 0);
    assert_eq!(harness.status("DevCluster"), "absent");
}

#[test]
fn denied_role_lookup_does_not_block_deployment() {
    let harness = Harness::with(creatable(), |call| {
        (call.operation == "GetRole").then(|| {
            let message = "ada is not authorized to perform: iam:GetRole".to_owned();
            super::wire::Response::Error(403, "AccessDenied", message)
        })
    });
    let printed = Session::default().run(Verb::Deploy, &harness);
    assert!(printed.ends_with("--- exit code 0\n"), "{printed}");
}

/// `Foundation` exists or not; the dev pipeline does not.
fn pipelines(foundation: bool, connection: &'static str) -> (Harness, Shared, Vec<StackSpec>) {
    let mut formation = Formation::default();
    let kind = "AWS::CodePipeline::Pipeline";
    for name in ["Foundation", "DevPipelineStack"] {
        if name == "Foundation" && foundation {
            formation.stack(name, "CREATE_COMPLETE");
            continue;
        }
        formation
            .changes
            .insert(name.into(), change("Add", "Pipeline", kind, ""));
        formation.on_execute.insert(
            name.into(),
            vec![step("CREATE_IN_PROGRESS"), step("CREATE_COMPLETE")],
        );
    }
    let mut fixture = Fixture {
        connection: Some(connection),
        ..Fixture::default()
    };
    fixture
        .parameters
        .insert("/penguin/shared/connection-arn".into(), vec!["arn:c".into()]);
    let (harness, shared) = harness(formation, fixture);
    let mut stacks = vec![spec("Foundation", &[]), spec("DevPipelineStack", &["Foundation"])];
    for stack in &mut stacks {
        r#"{"Resources":{}}"#.clone_into(&mut stack.body);
    }
    (harness, shared, stacks)
}

fn run(harness: &Harness, stacks: &[StackSpec], person: Person<'_>) -> String {
    let request = Request {
        stacks: stacks.to_vec(),
        pipelines: Some(Pipelines {
            first_runs: vec![("DevPipelineStack".into(), FIRST_RUN.into())],
            connection: Connection::Parameter("/penguin/shared/connection-arn".into()),
        }),
        ..Request::default()
    };
    person.does(harness, stacks, async |context| deploy(context, &request).await)
}

const FIRST_RUN: &str = "AWS starts a new pipeline once; that run deploys the branch `dev`";
const PENDING: &str = "error: DevPipelineStack: the connection to GitHub is PENDING; a pipeline created now would not start\n\nhint: complete it: choose `Update pending connection` at https://eu-west-1.console.aws.amazon.com/codesuite/settings/connections?region=eu-west-1\nhint: then run `infra deploy pipelines`\n";

#[test]
fn pending_connection_blocks_pipelines_before_the_question() {
    let (harness, shared, stacks) = pipelines(true, "PENDING");
    let asked = run(
        &harness,
        &stacks,
        Person {
            answers: Some("y\n"),
            ..Person::default()
        },
    );
    assert!(asked.contains(PENDING) && !asked.contains("[y/N]"), "{asked}");
    assert!(asked.ends_with("--- exit code 1\n"), "{asked}");
    assert_eq!(harness.status("DevPipelineStack"), "absent");
    shared.now().connection = Some("AVAILABLE");
    let again = run(
        &harness,
        &stacks,
        Person {
            yes: true,
            ..Person::default()
        },
    );
    assert!(again.contains("Done: 1 stack deployed.\n"), "{again}");
    assert_eq!(harness.status("DevPipelineStack"), "CREATE_COMPLETE");
}

#[test]
fn new_pending_connection_blocks_only_pipelines() {
    let (harness, _, stacks) = pipelines(false, "PENDING");
    let printed = run(
        &harness,
        &stacks,
        Person {
            yes: true,
            ..Person::default()
        },
    );
    assert!(printed.contains(PENDING), "{printed}");
    assert_eq!(harness.status("Foundation"), "CREATE_COMPLETE");
    assert_eq!(harness.status("DevPipelineStack"), "absent");
}

#[test]
fn automatic_first_run_of_a_new_pipeline_is_announced_before_the_prompt() {
    let (harness, _, stacks) = pipelines(true, "AVAILABLE");
    let person = || Person {
        answers: Some("n\n"),
        ..Person::default()
    };
    let printed = run(&harness, &stacks, person());
    let said = printed.find(&format!("DevPipelineStack: {FIRST_RUN}\n"));
    assert!(said.is_some() && said < printed.find("[y/N]"), "{printed}");
    assert!(printed.ends_with("--- exit code 3\n"), "{printed}");
    // An update starts nothing.
    harness.look(|formation| {
        formation.stack("DevPipelineStack", "CREATE_COMPLETE");
    });
    let printed = run(&harness, &stacks, person());
    assert!(
        printed.contains("[y/N]") && !printed.contains(FIRST_RUN),
        "{printed}"
    );
}
