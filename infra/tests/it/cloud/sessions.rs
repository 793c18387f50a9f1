//! Sessions as a person reads them, 80 columns and no colour: what is shown, agreed to and done.

use insta::assert_snapshot;

use super::formation::{Formation, change, step};
use super::stage::{Session, Stage, Verb, creatable, updatable, wanted};

const CLUSTER: &str = "AWS::ECS::Cluster";

#[test]
fn a_new_stack_is_shown_agreed_to_and_created() {
    let stage = Stage::new(creatable());
    let session = Session {
        answers: Some("y\n"),
        yes: false,
        ..Session::default()
    };
    assert_snapshot!(session.run(Verb::Deploy, &stage));
    assert_eq!(stage.status("DevCluster"), "CREATE_COMPLETE");
}

#[test]
fn no_change_is_success() {
    let mut formation = Formation::default();
    formation.stack("DevCluster", "CREATE_COMPLETE");
    let stage = Stage::new(formation);
    assert_snapshot!(Session::default().run(Verb::Deploy, &stage));
    let left = stage.look(|formation| formation.stacks["DevCluster"].change_sets.len());
    assert_eq!(left, 0);
}

/// `DevCluster` is there, with a role that may do one thing, and is to be given one that may do everything.
fn opening(template_known: bool) -> (Stage, infra::deploy::wanted::Wanted) {
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
    let mut stack = wanted("DevCluster", &[]);
    stack.body = template("s3:*", "*");
    (Stage::new(formation), stack)
}

#[test]
fn what_is_opened_up_is_shown_before_the_question() {
    let (stage, stack) = opening(true);
    let session = Session {
        stacks: vec![stack],
        answers: Some("n\n"),
        yes: false,
        ..Session::default()
    };
    assert_snapshot!(session.run(Verb::Deploy, &stage));
}

#[test]
fn that_it_is_not_known_what_is_opened_up_is_said_too() {
    let (stage, stack) = opening(false);
    let session = Session {
        stacks: vec![stack],
        answers: Some("n\n"),
        yes: false,
        ..Session::default()
    };
    let told = session.run(Verb::Deploy, &stage);
    assert!(
        told.contains("warning: what this opens up is not known"),
        "{told}"
    );
}

#[test]
fn fast_and_reverting_reach_the_change_set_where_they_may() {
    use infra::deploy::wanted::Manner;
    use infra::operation::deploy::{Request, deploy};

    let mut formation = updatable(vec![step("UPDATE_COMPLETE")]);
    formation.stack("ProdCluster", "CREATE_COMPLETE");
    let stage = Stage::new(formation);
    let mut prod = wanted("ProdCluster", &[]);
    prod.environment = Some("prod".into());
    let stacks = vec![wanted("DevCluster", &[]), prod];
    let request = Request {
        stacks: stacks.clone(),
        manner: Manner {
            fast: true,
            revert_drift: true,
        },
        ..Request::default()
    };
    let person = super::stage::Person {
        yes: true,
        ..super::stage::Person::default()
    };
    let told = person.does(&stage, &stacks, async |context| deploy(context, &request).await);
    assert!(told.contains("ProdCluster: not in the fast way"), "{told}");
    let made: Vec<_> = stage
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
fn a_no_leaves_nothing_behind() {
    let stage = Stage::new(creatable());
    let session = Session {
        answers: Some("n\n"),
        yes: false,
        ..Session::default()
    };
    assert_snapshot!(session.run(Verb::Deploy, &stage));
    assert_eq!(stage.status("DevCluster"), "absent");
}

#[test]
fn a_script_without_yes_is_told_of_it_and_leaves_nothing_behind() {
    let stage = Stage::new(creatable());
    let session = Session {
        yes: false,
        ..Session::default()
    };
    assert_snapshot!(session.run(Verb::Deploy, &stage));
    assert_eq!(stage.status("DevCluster"), "absent");
}

#[test]
fn a_program_reads_one_event_a_line() {
    let stage = Stage::new(creatable());
    let session = Session {
        json: true,
        ..Session::default()
    };
    assert_snapshot!(session.run(Verb::Deploy, &stage));
}

#[test]
fn ten_thousand_events_and_throttling_stay_within_a_bounded_rate() {
    let mut first = step("UPDATE_IN_PROGRESS");
    for n in 0..10_000 {
        first = first.with(&format!("Resource{}", n % 300), CLUSTER, "UPDATE_IN_PROGRESS", "");
    }
    let mut formation = updatable(vec![first, step("UPDATE_IN_PROGRESS"), step("UPDATE_COMPLETE")]);
    formation.throttle = 20;
    let stage = Stage::new(formation);
    let text = Session::default().run(Verb::Deploy, &stage);
    assert!(text.contains("exit code 0"), "{text}");
    let calls = stage.server.calls();
    let events = calls
        .iter()
        .filter(|call| call.operation == "DescribeStackEvents")
        .count();
    // A hundred pages once; after that only what is new.
    assert!((100..130).contains(&events), "{events} calls for events");
    let took = calls.last().unwrap().at.duration_since(calls[0].at).as_secs_f64();
    // Five a second, 25 at once after a pause, and the ten that were throttled and asked again.
    let allowed = 5.0f64.mul_add(took, 40.0);
    #[expect(clippy::cast_precision_loss, reason = "hundreds of calls")]
    let made = calls.len() as f64;
    assert!(made <= allowed, "{made} calls in {took} s");
}
