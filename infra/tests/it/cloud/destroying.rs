//! Destructions: in which order, and who has to agree.

use insta::assert_snapshot;

use super::formation::{Formation, Step, change, step};
use super::stage::{Session, Stage, Verb, wanted};

const BALANCER: &str = "AWS::ElasticLoadBalancingV2::LoadBalancer";

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

/// `ProdAppStack`, protected itself and with a load balancer that is; an update of it takes `path`.
fn protected(path: Vec<Step>) -> Stage {
    let template = serde_json::json!({ "Resources": { "LoadBalancer": { "Type": BALANCER, "Properties": {
        "LoadBalancerAttributes": [
            { "Key": "idle_timeout.timeout_seconds", "Value": "60" },
            { "Key": "deletion_protection.enabled", "Value": "true" },
        ] } } } });
    let mut formation = Formation::default();
    let stack = formation.stack("ProdAppStack", "UPDATE_COMPLETE");
    stack.protected = true;
    stack.template = template.to_string();
    stack.parameters = vec![("ImageTag".into(), "4f2a9c0".into())];
    stack.resources = vec![("LoadBalancer".into(), BALANCER.into(), "app/prod/1".into())];
    formation.changes.insert(
        "ProdAppStack".into(),
        change("Modify", "LoadBalancer", BALANCER, "False"),
    );
    formation.on_execute.insert("ProdAppStack".into(), path);
    Stage::new(formation)
}

fn forced(answers: &str) -> Session<'_> {
    let mut prod = wanted("ProdAppStack", &[]);
    prod.environment = Some("prod".into());
    prod.release_parameter = Some("ImageTag".into());
    prod.termination_protection = true;
    Session {
        stacks: vec![prod],
        answers: Some(answers),
        yes: false,
        force: true,
        ..Session::default()
    }
}

fn updated() -> Vec<Step> {
    vec![
        step("UPDATE_IN_PROGRESS").with("LoadBalancer", BALANCER, "UPDATE_IN_PROGRESS", ""),
        step("UPDATE_COMPLETE").with("LoadBalancer", BALANCER, "UPDATE_COMPLETE", ""),
    ]
}

#[test]
fn force_takes_the_protection_off_the_load_balancer_and_the_stack_and_then_deletes() {
    let stage = protected(updated());
    assert_snapshot!(forced("prod\n").run(Verb::Destroy, &stage));
    assert_eq!(stage.status("ProdAppStack"), "absent");
    let calls = stage.server.calls();
    let made = calls
        .iter()
        .find(|call| call.operation == "CreateChangeSet")
        .unwrap();
    let body: serde_json::Value = serde_json::from_str(made.get("TemplateBody")).unwrap();
    let attributes = &body["Resources"]["LoadBalancer"]["Properties"]["LoadBalancerAttributes"];
    assert_eq!(attributes[0]["Value"], "60");
    assert_eq!(attributes[1]["Value"], "false");
    // What runs goes on running until it is deleted.
    assert_eq!(made.get("Parameters.member.1.ParameterValue"), "4f2a9c0");
}

#[test]
fn without_consent_the_protection_stays() {
    let stage = protected(updated());
    let text = forced("no\n").run(Verb::Destroy, &stage);
    assert!(
        text.contains("its protection against deletion is taken off first"),
        "{text}"
    );
    assert!(
        text.ends_with("Nothing was deleted.\n--- exit code 3\n"),
        "{text}"
    );
    assert_eq!(stage.server.count("CreateChangeSet"), 0);
    assert!(stage.look(|formation| formation.stacks["ProdAppStack"].protected));
}

#[test]
fn without_force_the_protection_is_an_obstacle() {
    let stage = protected(updated());
    let session = Session {
        force: false,
        ..forced("prod\n")
    };
    let text = session.run(Verb::Destroy, &stage);
    assert!(
        text.starts_with("error: ProdAppStack: protected against deletion\n"),
        "{text}"
    );
    assert_eq!(stage.server.count("CreateChangeSet"), 0);
}

#[test]
fn a_protection_that_cannot_be_taken_off_keeps_the_stack() {
    let refusal = "User: ada is not authorized to perform: elasticloadbalancing:ModifyLoadBalancerAttributes";
    let stage = protected(vec![
        step("UPDATE_IN_PROGRESS"),
        step("UPDATE_ROLLBACK_IN_PROGRESS").with("LoadBalancer", BALANCER, "UPDATE_FAILED", refusal),
        step("UPDATE_ROLLBACK_COMPLETE"),
    ]);
    assert_snapshot!(forced("prod\n").run(Verb::Destroy, &stage));
    assert_eq!(stage.status("ProdAppStack"), "UPDATE_ROLLBACK_COMPLETE");
    assert!(stage.look(|formation| formation.stacks["ProdAppStack"].protected));
}

#[test]
fn ctrl_c_while_the_protection_is_taken_off_keeps_the_stack() {
    let stage = protected(std::iter::repeat_n(step("UPDATE_IN_PROGRESS"), 1000).collect());
    stage.look(|formation| {
        let back = vec![
            step("UPDATE_ROLLBACK_IN_PROGRESS"),
            step("UPDATE_ROLLBACK_COMPLETE"),
        ];
        formation.on_cancel.insert("ProdAppStack".into(), back);
    });
    let session = Session {
        interrupt_after: vec![("DescribeStackEvents", 3)],
        ..forced("prod\n")
    };
    let text = session.run(Verb::Destroy, &stage);
    assert!(
        text.ends_with("ProdAppStack: not deleted\n--- exit code 130\n"),
        "{text}"
    );
    assert_eq!(stage.server.count("DeleteStack"), 0);
}

#[test]
fn a_stack_that_cannot_be_updated_is_deleted_as_it_is() {
    let stage = protected(Vec::new());
    stage.look(|formation| {
        formation.stack("ProdAppStack", "DELETE_FAILED");
    });
    let text = forced("prod\n").run(Verb::Destroy, &stage);
    assert!(
        text.ends_with("Done: 1 stack deleted.\n--- exit code 0\n"),
        "{text}"
    );
    assert_eq!(stage.server.count("CreateChangeSet"), 0);
}
