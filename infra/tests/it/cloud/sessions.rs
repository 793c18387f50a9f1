//! Whole deployment sessions at 80 columns without color.

use insta::assert_snapshot;

use super::formation::{Formation, change, step};
use super::harness::{Harness, Session, Verb, creatable, spec, updatable};

const CLUSTER: &str = "AWS::ECS::Cluster";

#[test]
fn new_stack_is_previewed_confirmed_and_created() {
    let harness = Harness::new(creatable());
    let session = Session::typing("y\n");
    assert_snapshot!(session.run(Verb::Deploy, &harness));
    assert_eq!(harness.status("DevCluster"), "CREATE_COMPLETE");
}

#[test]
fn no_changes_is_success() {
    let mut formation = Formation::default();
    formation.stack("DevCluster", "CREATE_COMPLETE");
    let harness = Harness::new(formation);
    assert_snapshot!(Session::default().run(Verb::Deploy, &harness));
    let left = harness.look(|formation| formation.stacks["DevCluster"].change_sets.len());
    assert_eq!(left, 0);
}

/// `DevCluster` has a role with one permission; the update adds a wildcard permission.
fn role_update(template_known: bool) -> (Harness, infra::deployment::stack_spec::StackSpec) {
    let template = |action: &str, on: &str| {
        serde_json::json!({ "Resources": { "Role": { "Type": "AWS::IAM::Role", "Properties": {
            "AssumeRolePolicyDocument": { "Statement": [] },
            "Policies": [{ "PolicyName": "run", "PolicyDocument": { "Statement": [
                { "Effect": "Allow", "Action": action, "Resource": on }] } }] } } } })
        .to_string()
    };
    let mut formation = updatable(vec![
        step("UPDATE_IN_PROGRESS"),
        step("UPDATE_COMPLETE").with("Role", "AWS::IAM::Role", "UPDATE_COMPLETE", ""),
    ]);
    formation.changes.insert(
        "DevCluster".into(),
        change("Modify", "Role", "AWS::IAM::Role", "False"),
    );
    let deployed = if template_known {
        template("s3:GetObject", "arn:aws:s3:::fish/*")
    } else {
        "Resources: {}".to_owned()
    };
    formation.stack("DevCluster", "CREATE_COMPLETE").template = deployed;
    let mut stack = spec("DevCluster", &[]);
    stack.body = template("s3:*", "*");
    (Harness::new(formation), stack)
}

#[test]
fn wider_access_is_shown_before_the_question() {
    let (harness, stack) = role_update(true);
    let session = Session {
        stacks: vec![stack],
        ..Session::typing("n\n")
    };
    assert_snapshot!(session.run(Verb::Deploy, &harness));
}

#[test]
fn unknown_wider_access_is_a_warning() {
    let (harness, stack) = role_update(false);
    let session = Session {
        stacks: vec![stack],
        ..Session::typing("n\n")
    };
    let printed = session.run(Verb::Deploy, &harness);
    assert!(
        printed.contains("warning: cannot determine wider access"),
        "{printed}"
    );
}

#[test]
fn express_mode_and_drift_revert_reach_the_change_set() {
    use infra::deployment::stack_spec::DeployOptions;
    use infra::workflows::deploy::{Request, deploy};

    let mut formation = updatable(vec![step("UPDATE_COMPLETE")]);
    formation.stack("ProdCluster", "CREATE_COMPLETE");
    let harness = Harness::new(formation);
    let mut prod = spec("ProdCluster", &[]);
    prod.environment = Some("prod".into());
    let stacks = vec![spec("DevCluster", &[]), prod];
    let request = Request {
        stacks: stacks.clone(),
        options: DeployOptions {
            fast: true,
            revert_drift: true,
        },
        ..Request::default()
    };
    let person = super::harness::Person {
        yes: true,
        ..super::harness::Person::default()
    };
    let printed = person.does(&harness, &stacks, async |context| deploy(context, &request).await);
    assert!(printed.contains("ProdCluster: not in express mode"), "{printed}");
    let made: Vec<_> = harness
        .server
        .calls()
        .into_iter()
        .filter(|call| call.operation == "CreateChangeSet")
        .map(|call| {
            let asked = |key: &str| call.form.get(key).cloned().unwrap_or_default();
            (
                asked("StackName"),
                asked("DeploymentConfig.Mode"),
                asked("DeploymentMode"),
            )
        })
        .collect();
    let row = |stack: &str, mode: &str| (stack.to_owned(), mode.to_owned(), "REVERT_DRIFT".to_owned());
    assert!(
        made.contains(&row("DevCluster", "EXPRESS")) && made.contains(&row("ProdCluster", "")),
        "{made:?}"
    );
}

#[test]
fn declined_deployment_deletes_change_sets() {
    let harness = Harness::new(creatable());
    let session = Session::typing("n\n");
    assert_snapshot!(session.run(Verb::Deploy, &harness));
    assert_eq!(harness.status("DevCluster"), "absent");
}

#[test]
fn no_terminal_requires_yes_and_deletes_change_sets() {
    let harness = Harness::new(creatable());
    let session = Session {
        yes: false,
        ..Session::default()
    };
    assert_snapshot!(session.run(Verb::Deploy, &harness));
    assert_eq!(harness.status("DevCluster"), "absent");
}

#[test]
fn json_prints_one_event_per_line() {
    let harness = Harness::new(creatable());
    let session = Session {
        json: true,
        ..Session::default()
    };
    assert_snapshot!(session.run(Verb::Deploy, &harness));
}

#[test]
fn call_rate_is_bounded_with_ten_thousand_events() {
    let mut first = step("UPDATE_IN_PROGRESS");
    for n in 0..10_000 {
        first = first.with(&format!("Resource{}", n % 300), CLUSTER, "UPDATE_IN_PROGRESS", "");
    }
    let mut formation = updatable(vec![first, step("UPDATE_IN_PROGRESS"), step("UPDATE_COMPLETE")]);
    formation.throttle = 20;
    let harness = Harness::new(formation);
    let text = Session::default().run(Verb::Deploy, &harness);
    assert!(text.contains("exit code 0"), "{text}");
    let calls = harness.server.calls();
    let events = calls
        .iter()
        .filter(|call| call.operation == "DescribeStackEvents")
        .count();
    // 100 pages once, then only new events.
    assert!((100..130).contains(&events), "{events} calls for events");
    let took = calls.last().unwrap().at.duration_since(calls[0].at).as_secs_f64();
    // Five per second, a burst of 25, and ten throttled retries.
    let allowed = 5.0f64.mul_add(took, 40.0);
    #[expect(clippy::cast_precision_loss, reason = "hundreds of calls")]
    let made = calls.len() as f64;
    assert!(made <= allowed, "{made} calls in {took} s");
}
