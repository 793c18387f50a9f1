//! `infra deploy` with a command before the release: order, output, failures.

use std::time::Duration;

use infra::deployment::stack_spec::{Before, StackSpec};
use infra::workflows::deploy::{Request, deploy};
use infra::workflows::run::Tempo;
use insta::assert_snapshot;

use super::deployed_environments::{FIRST, SECOND, THIRD, app, formation};
use super::formation::{Formation, change, step};
use super::harness::{Harness, Person, spec};
use super::one_off::ecs::{Ecs, Shared};

const TASK_DEFINITION: &str = "AWS::ECS::TaskDefinition";
const STACK: &str = "DevBeforeRelease";

fn stacks() -> Vec<StackSpec> {
    let mut before = spec(STACK, &[]);
    before.release_parameter = Some("ImageTag".into());
    before.is_before_release = true;
    let mut app = app("DevAppStack", "dev");
    app.depends_on = vec![STACK.to_owned()];
    app.before = Some(Before {
        stack: STACK.to_owned(),
        command: ["manage", "migrate"].map(str::to_owned).to_vec(),
        timeout: Duration::from_hours(1),
    });
    vec![before, app]
}

/// Both stacks have a new task definition; only the one of the first is `web-run:3`.
fn world() -> Formation {
    let mut formation = formation(SECOND, FIRST);
    let app = formation.stacks.get_mut("DevAppStack").unwrap();
    for (_, _, physical) in &mut app.resources {
        *physical = physical.replace("web-run:3", "web-run:2");
    }
    let before = formation.stack(STACK, "UPDATE_COMPLETE");
    before.resources = vec![(
        "RunTaskDefinition".into(),
        TASK_DEFINITION.into(),
        "arn:aws:ecs:eu-west-1:123456789012:task-definition/web-run:3".into(),
    )];
    for (name, resource) in [(STACK, "RunTaskDefinition"), ("DevAppStack", "TaskDefinition")] {
        let changes = change("Modify", resource, TASK_DEFINITION, "True");
        formation.changes.insert(name.into(), changes);
        let steps = ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"];
        formation.on_execute.insert(name.into(), steps.map(step).to_vec());
    }
    formation
}

/// Deploys with this ECS. Returns what was printed and the executed change sets and tasks in order.
fn session(formation: Formation, ecs: Ecs, person: Person<'_>) -> (String, Vec<String>) {
    let shared = Shared::new(ecs);
    let harness = Harness::with(formation, move |call| shared.now().respond(call));
    let request = Request {
        stacks: stacks(),
        release: Some(THIRD.to_owned()),
        tempo: Tempo {
            every: Duration::from_millis(1),
            quiet: Duration::from_millis(60),
            absent: Duration::from_millis(60),
            patience: Duration::from_secs(30),
        },
        ..Request::default()
    };
    let printed = person.does(&harness, &request.stacks, async |context| {
        deploy(context, &request).await
    });
    let calls = harness.server.calls();
    let done = calls.iter().filter_map(|call| match call.operation.as_str() {
        "ExecuteChangeSet" => {
            let set = call.get("ChangeSetName");
            let stack = [STACK, "DevAppStack"].into_iter().find(|name| set.contains(name));
            Some(stack.unwrap_or(set).to_owned())
        }
        "RunTask" => Some(format!(
            "task of {}",
            call.text("taskDefinition").rsplit('/').next().unwrap()
        )),
        "StopTask" => Some("stop".to_owned()),
        _ => None,
    });
    (printed, done.collect())
}

fn yes<'a>() -> Person<'a> {
    Person {
        yes: true,
        ..Person::default()
    }
}

#[test]
fn command_runs_between_its_stack_and_the_app_stack() {
    let (printed, done) = session(world(), Ecs::default(), yes());
    assert_snapshot!(printed);
    assert_eq!(done, [STACK, "task of web-run:3", "DevAppStack"]);
}

#[test]
fn failed_command_stops_the_release() {
    let ecs = Ecs {
        exit_code: Some(3),
        lines: vec![(0, "error: relation \"fish\" exists")],
        ..Ecs::default()
    };
    let (printed, done) = session(world(), ecs, yes());
    assert_snapshot!(printed);
    assert_eq!(done, [STACK, "task of web-run:3"]);
}

#[test]
fn ctrl_c_stops_the_command_and_the_release() {
    let ecs = Ecs {
        path: vec!["RUNNING"],
        ..Ecs::default()
    };
    let person = Person {
        interrupt_after: vec![("DescribeTasks", 5)],
        ..yes()
    };
    let (printed, done) = session(world(), ecs, person);
    assert!(printed.ends_with("--- exit code 130\n"), "{printed}");
    assert_eq!(done, [STACK, "task of web-run:3", "stop"]);
}

#[test]
fn first_deployment_runs_nothing_before_it() {
    let mut formation = world();
    formation.stacks.remove("DevAppStack");
    let steps = ["CREATE_IN_PROGRESS", "CREATE_COMPLETE"];
    formation
        .on_execute
        .insert("DevAppStack".into(), steps.map(step).to_vec());
    let (printed, done) = session(formation, Ecs::default(), yes());
    let note = "DevAppStack: first deployment: nothing runs before it; afterwards, use `infra run dev -- manage migrate`\n";
    assert!(
        printed.contains(note) && printed.ends_with("--- exit code 0\n"),
        "{printed}"
    );
    assert_eq!(done, [STACK, "DevAppStack"]);
}

#[test]
fn unchanged_app_stack_needs_no_command() {
    let mut formation = world();
    formation.changes.remove("DevAppStack");
    let (printed, done) = session(formation, Ecs::default(), yes());
    assert!(printed.ends_with("--- exit code 0\n"), "{printed}");
    assert_eq!(done, [STACK]);
}
