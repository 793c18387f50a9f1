//! Sessions as a person reads them, 80 columns and no colour: success, no change, refusal, failure, Ctrl-C, destruction.

use insta::assert_snapshot;

use super::formation::{Formation, change, step};
use super::stage::{Session, Stage, Verb, creatable, updatable, wanted};
use super::wire::Answer;

const CLUSTER: &str = "AWS::ECS::Cluster";
const SERVICE: &str = "AWS::ECS::Service";

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
fn a_failed_update_names_the_cause_first() {
    let stage = Stage::new(updatable(vec![
        step("UPDATE_IN_PROGRESS").with("Cluster", CLUSTER, "UPDATE_IN_PROGRESS", ""),
        step("UPDATE_ROLLBACK_IN_PROGRESS")
            .with(
                "Cluster",
                CLUSTER,
                "UPDATE_FAILED",
                "User: arn:aws:iam::123456789012:user/ada is not authorized to perform: ecs:UpdateCluster on resource: x",
            )
            .with("Alarm", "AWS::CloudWatch::Alarm", "UPDATE_FAILED", "Resource update cancelled"),
        step("UPDATE_ROLLBACK_COMPLETE").with("Cluster", CLUSTER, "UPDATE_COMPLETE", ""),
    ]));
    assert_snapshot!(Session::default().run(Verb::Deploy, &stage));
}

#[test]
fn a_service_whose_tasks_die_tells_their_cause_of_death() {
    let mut formation = updatable(vec![
        step("UPDATE_IN_PROGRESS").with("Service", SERVICE, "UPDATE_IN_PROGRESS", ""),
        step("UPDATE_IN_PROGRESS"),
        step("UPDATE_ROLLBACK_IN_PROGRESS").with(
            "Service",
            SERVICE,
            "UPDATE_FAILED",
            "Resource handler returned message: \"Error occurred during operation 'ECS Deployment Circuit Breaker was triggered'.\" (RequestToken: 1, HandlerErrorCode: GeneralServiceException)",
        ),
        step("UPDATE_ROLLBACK_COMPLETE").with("Service", SERVICE, "UPDATE_COMPLETE", ""),
    ]);
    formation
        .changes
        .insert("DevCluster".into(), change("Modify", "Service", SERVICE, "False"));
    let stage = Stage::with(formation, |call| ecs(&call.operation));
    let mut app = wanted("DevCluster", &[]);
    app.release_parameter = Some("ImageTag".into());
    let session = Session {
        stacks: vec![app],
        release: Some("4f2a9c0".into()),
        ..Session::default()
    };
    assert_snapshot!(session.run(Verb::Deploy, &stage));
    let given = stage
        .server
        .calls()
        .into_iter()
        .find(|call| call.operation == "CreateChangeSet")
        .unwrap();
    assert_eq!(given.get("Parameters.member.1.ParameterValue"), "4f2a9c0");
}

/// A service whose task has just died.
fn ecs(operation: &str) -> Option<Answer> {
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let task = "arn:aws:ecs:eu-west-1:123456789012:task/penguin/4f2a9c01aaaa";
    Some(Answer::Json(match operation {
        "DescribeServices" => serde_json::json!({ "services": [{
            "deployments": [{ "status": "PRIMARY", "rolloutState": "IN_PROGRESS", "desiredCount": 2,
                "runningCount": 1, "pendingCount": 0, "failedTasks": 1, "taskDefinition": "td:7" }],
            "events": [],
        }] }),
        "ListTasks" => serde_json::json!({ "taskArns": [task] }),
        "DescribeTasks" => serde_json::json!({ "tasks": [{
            "taskArn": task, "lastStatus": "STOPPED", "stoppedAt": now, "taskDefinitionArn": "td:7",
            "stoppedReason": "Essential container in task exited",
            "containers": [{ "name": "app", "exitCode": 64 }, { "name": "proxy", "exitCode": 0 }],
        }] }),
        "DescribeTaskDefinition" => serde_json::json!({ "taskDefinition": { "containerDefinitions": [{
            "name": "app",
            "logConfiguration": { "logDriver": "awslogs", "options": {
                "awslogs-group": "/penguin/dev/app", "awslogs-stream-prefix": "app" } },
        }] } }),
        "GetLogEvents" => serde_json::json!({ "events": [
            { "timestamp": 1, "message": "error: APP_LISTEN: `nowhere` is no address\n" },
        ] }),
        _ => return None,
    }))
}

#[test]
fn ctrl_c_cancels_an_update_and_watches_it_roll_back() {
    let mut forever = vec![step("UPDATE_IN_PROGRESS").with("Cluster", CLUSTER, "UPDATE_IN_PROGRESS", "")];
    forever.extend(std::iter::repeat_n(step("UPDATE_IN_PROGRESS"), 1000));
    let mut formation = updatable(forever);
    formation.on_cancel.insert(
        "DevCluster".into(),
        vec![
            step("UPDATE_ROLLBACK_IN_PROGRESS"),
            step("UPDATE_ROLLBACK_COMPLETE").with("Cluster", CLUSTER, "UPDATE_COMPLETE", ""),
        ],
    );
    let stage = Stage::new(formation);
    let session = Session {
        interrupt_after: vec![("DescribeStackEvents", 3)],
        ..Session::default()
    };
    assert_snapshot!(session.run(Verb::Deploy, &stage));
    assert_eq!(stage.server.count("CancelUpdateStack"), 1);
}

#[test]
fn a_second_ctrl_c_leaves_and_says_how_to_come_back() {
    let forever = std::iter::repeat_n(step("UPDATE_IN_PROGRESS"), 1000).collect();
    let mut formation = updatable(forever);
    formation.on_cancel.insert(
        "DevCluster".into(),
        std::iter::repeat_n(step("UPDATE_ROLLBACK_IN_PROGRESS"), 1000).collect(),
    );
    let stage = Stage::new(formation);
    let session = Session {
        interrupt_after: vec![("DescribeStackEvents", 3), ("CancelUpdateStack", 1)],
        ..Session::default()
    };
    assert_snapshot!(session.run(Verb::Deploy, &stage));
}

#[test]
fn ctrl_c_before_anything_ran_leaves_nothing_behind() {
    let stage = Stage::new(creatable());
    let session = Session {
        interrupt_after: vec![("CreateChangeSet", 1)],
        // A person who is slow to answer.
        answers: None,
        yes: false,
        ..Session::default()
    };
    let text = session.run(Verb::Deploy, &stage);
    // Either the press came before the question, or a script could not answer it; nothing stays in both cases.
    assert!(
        text.contains("exit code 130") || text.contains("exit code 1"),
        "{text}"
    );
    assert_eq!(stage.status("DevCluster"), "absent");
}

#[test]
fn a_failure_holds_back_the_stacks_that_need_it_and_no_others() {
    let mut formation = creatable();
    for name in ["Foundation", "DevAppStack"] {
        formation
            .changes
            .insert(name.into(), change("Add", "Cluster", CLUSTER, ""));
    }
    formation.on_execute.insert(
        "Foundation".into(),
        vec![step("CREATE_IN_PROGRESS"), step("CREATE_COMPLETE")],
    );
    formation.on_execute.insert(
        "DevCluster".into(),
        vec![
            step("CREATE_IN_PROGRESS"),
            step("ROLLBACK_IN_PROGRESS").with(
                "Cluster",
                CLUSTER,
                "CREATE_FAILED",
                "penguin-dev already exists",
            ),
            step("ROLLBACK_COMPLETE"),
        ],
    );
    let stage = Stage::new(formation);
    let session = Session {
        stacks: vec![
            wanted("Foundation", &[]),
            wanted("DevCluster", &[]),
            wanted("DevAppStack", &["Foundation", "DevCluster"]),
        ],
        ..Session::default()
    };
    let text = session.run(Verb::Deploy, &stage);
    assert!(text.contains("DevAppStack: not started"), "{text}");
    assert!(text.contains("penguin-dev already exists"), "{text}");
    assert!(text.contains("exit code 4"), "{text}");
    assert_eq!(stage.status("Foundation"), "CREATE_COMPLETE");
    assert_eq!(stage.status("DevAppStack"), "absent");
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
fn destroying_goes_in_reverse_and_asks() {
    let mut formation = Formation::default();
    for name in ["DevCluster", "DevAppStack"] {
        formation.stack(name, "CREATE_COMPLETE");
    }
    let stage = Stage::new(formation);
    let session = Session {
        stacks: vec![wanted("DevCluster", &[]), wanted("DevAppStack", &["DevCluster"])],
        answers: Some("y\n"),
        yes: false,
        ..Session::default()
    };
    assert_snapshot!(session.run(Verb::Destroy, &stage));
    let deletions: Vec<_> = stage
        .server
        .calls()
        .into_iter()
        .filter(|call| call.operation == "DeleteStack")
        .map(|call| call.get("StackName").to_owned())
        .collect();
    assert!(
        deletions[0].contains("DevAppStack") && deletions[1].contains("DevCluster"),
        "{deletions:?}"
    );
}

#[test]
fn destroying_prod_wants_its_name_typed() {
    let mut formation = Formation::default();
    formation.stack("ProdAppStack", "CREATE_COMPLETE");
    let stage = Stage::new(formation);
    let mut prod = wanted("ProdAppStack", &[]);
    prod.environment = Some("prod".into());
    let session = Session {
        stacks: vec![prod],
        answers: Some("yes\n"),
        yes: false,
        ..Session::default()
    };
    assert_snapshot!(session.run(Verb::Destroy, &stage));
    assert_eq!(stage.status("ProdAppStack"), "CREATE_COMPLETE");
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
