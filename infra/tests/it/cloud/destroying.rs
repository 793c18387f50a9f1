//! Deletion: order and confirmation.

use insta::assert_snapshot;

use super::formation::{Formation, Step, change, endless, step};
use super::harness::{Harness, Session, Verb, spec};
use super::wire::Response;

const BALANCER: &str = "AWS::ElasticLoadBalancingV2::LoadBalancer";

/// A cluster and its app, and a person who agrees to delete both.
pub(super) fn cluster_and_app() -> (Harness, Session<'static>) {
    let mut formation = Formation::default();
    for name in ["DevCluster", "DevAppStack"] {
        formation.stack(name, "CREATE_COMPLETE");
    }
    let session = Session {
        stacks: vec![spec("DevCluster", &[]), spec("DevAppStack", &["DevCluster"])],
        ..Session::typing("y\n")
    };
    (Harness::new(formation), session)
}

#[test]
fn destroy_confirms_and_deletes_in_reverse_order() {
    let (harness, session) = cluster_and_app();
    assert_snapshot!(session.run(Verb::Destroy, &harness));
    let deletions: Vec<_> = harness
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

/// A cluster with two dependents; `protected` ones have termination protection.
fn used(protected: &[&str]) -> Harness {
    let mut formation = Formation::default();
    for name in ["DevCluster", "DevAppStack", "DevPipelineStack"] {
        formation.stack(name, "CREATE_COMPLETE").protected = protected.contains(&name);
    }
    Harness::new(formation)
}

fn destroys_only_the_cluster() -> Session<'static> {
    Session {
        others: vec![
            spec("DevAppStack", &["DevCluster"]),
            spec("DevPipelineStack", &["DevCluster"]),
            // Not deployed.
            spec("StagingAppStack", &["DevCluster"]),
        ],
        ..Session::default()
    }
}

#[test]
fn destroy_of_a_used_stack_names_dependents_and_order() {
    let harness = used(&[]);
    assert_snapshot!(destroys_only_the_cluster().run(Verb::Destroy, &harness), @r"
    error: cannot delete DevCluster: DevAppStack and DevPipelineStack depend on it

    hint: delete dependents first; `infra destroy DevPipelineStack DevAppStack DevCluster` deletes all in this order
    --- exit code 1
    ");
    assert_eq!(harness.server.count("DeleteStack"), 0);
}

#[test]
fn suggested_destroy_has_force_if_a_dependent_is_protected_or_force_was_given() {
    let forced = "DevAppStack DevCluster --force` deletes all in this order";
    let text = destroys_only_the_cluster().run(Verb::Destroy, &used(&["DevPipelineStack"]));
    assert!(text.contains(forced), "{text}");
    let session = Session {
        force: true,
        ..destroys_only_the_cluster()
    };
    let text = session.run(Verb::Destroy, &used(&[]));
    assert!(text.contains(forced), "{text}");
}

#[test]
fn lost_deploy_role_has_a_hint() {
    let mut formation = Formation::default();
    formation.stack("DevCluster", "CREATE_COMPLETE");
    let harness = Harness::with(formation, |call| {
        let lost = "Role arn:aws:iam::123456789012:role/DevCluster-DevDeployRole-0A1B is invalid or cannot be assumed";
        (call.operation == "DeleteStack").then(|| Response::Error(400, "ValidationError", lost.to_owned()))
    });
    let text = Session::default().run(Verb::Destroy, &harness);
    assert!(
        text.contains("hint: CloudFormation uses the role that last deployed the stack"),
        "{text}"
    );
}

#[test]
fn destroy_prod_requires_its_name() {
    let mut formation = Formation::default();
    formation.stack("ProdAppStack", "CREATE_COMPLETE");
    let harness = Harness::new(formation);
    let mut prod = spec("ProdAppStack", &[]);
    prod.environment = Some("prod".into());
    let session = Session {
        stacks: vec![prod],
        ..Session::typing("yes\n")
    };
    assert_snapshot!(session.run(Verb::Destroy, &harness));
    assert_eq!(harness.status("ProdAppStack"), "CREATE_COMPLETE");
}

/// Protected `ProdAppStack` with a protected load balancer; its update takes `path`.
fn protected(path: Vec<Step>) -> Harness {
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
    Harness::new(formation)
}

fn forced(answers: &str) -> Session<'_> {
    let mut prod = spec("ProdAppStack", &[]);
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
fn force_disables_protection_and_deletes() {
    let harness = protected(updated());
    assert_snapshot!(forced("prod\n").run(Verb::Destroy, &harness));
    assert_eq!(harness.status("ProdAppStack"), "absent");
    let calls = harness.server.calls();
    let made = calls
        .iter()
        .find(|call| call.operation == "CreateChangeSet")
        .unwrap();
    let body: serde_json::Value = serde_json::from_str(made.get("TemplateBody")).unwrap();
    let attributes = &body["Resources"]["LoadBalancer"]["Properties"]["LoadBalancerAttributes"];
    assert_eq!(attributes[0]["Value"], "60");
    assert_eq!(attributes[1]["Value"], "false");
    // The service keeps running until its deletion.
    assert_eq!(made.get("Parameters.member.1.ParameterValue"), "4f2a9c0");
}

#[test]
fn declined_force_keeps_the_protection() {
    let harness = protected(updated());
    let text = forced("no\n").run(Verb::Destroy, &harness);
    assert!(text.contains("deletion protection is disabled first"), "{text}");
    assert!(text.ends_with("No changes made.\n--- exit code 3\n"), "{text}");
    assert_eq!(harness.server.count("CreateChangeSet"), 0);
    assert!(harness.look(|formation| formation.stacks["ProdAppStack"].protected));
}

#[test]
fn protected_stack_requires_force() {
    let harness = protected(updated());
    let session = Session {
        force: false,
        ..forced("prod\n")
    };
    let text = session.run(Verb::Destroy, &harness);
    assert!(
        text.starts_with("error: ProdAppStack: deletion protection is enabled\n"),
        "{text}"
    );
    assert_eq!(harness.server.count("CreateChangeSet"), 0);
}

#[test]
fn failed_protection_update_keeps_the_stack() {
    let reason = "User: ada is not authorized to perform: elasticloadbalancing:ModifyLoadBalancerAttributes";
    let harness = protected(vec![
        step("UPDATE_IN_PROGRESS"),
        step("UPDATE_ROLLBACK_IN_PROGRESS").with("LoadBalancer", BALANCER, "UPDATE_FAILED", reason),
        step("UPDATE_ROLLBACK_COMPLETE"),
    ]);
    assert_snapshot!(forced("prod\n").run(Verb::Destroy, &harness));
    assert_eq!(harness.status("ProdAppStack"), "UPDATE_ROLLBACK_COMPLETE");
    assert!(harness.look(|formation| formation.stacks["ProdAppStack"].protected));
}

#[test]
fn ctrl_c_during_protection_update_keeps_the_stack() {
    let harness = protected(endless("UPDATE_IN_PROGRESS"));
    harness.look(|formation| {
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
    let text = session.run(Verb::Destroy, &harness);
    assert!(
        text.ends_with("ProdAppStack: not deleted\n--- exit code 130\n"),
        "{text}"
    );
    assert_eq!(harness.server.count("DeleteStack"), 0);
}

#[test]
fn stack_that_cannot_be_updated_is_deleted() {
    let harness = protected(Vec::new());
    harness.look(|formation| {
        formation.stack("ProdAppStack", "DELETE_FAILED");
    });
    let text = forced("prod\n").run(Verb::Destroy, &harness);
    assert!(
        text.ends_with("Done: 1 stack deleted.\n--- exit code 0\n"),
        "{text}"
    );
    assert_eq!(harness.server.count("CreateChangeSet"), 0);
}

#[test]
fn failed_deletion_names_its_own_cause() {
    let failed = |resource: &str, reason: &str| {
        step("DELETE_FAILED").with(resource, "AWS::EC2::VPC", "DELETE_FAILED", reason)
    };
    let mut formation = Formation::default();
    let stack = formation.stack("DevCluster", "DELETE_FAILED");
    stack.events = failed("OldVpc", "long ago")
        .happenings
        .into_iter()
        .map(|happening| (9_000, happening))
        .collect();
    formation.on_delete.insert(
        "DevCluster".into(),
        vec![step("DELETE_IN_PROGRESS"), failed("Vpc", "it has dependencies")],
    );
    let printed = Session::default().run(Verb::Destroy, &Harness::new(formation));
    assert!(
        printed.contains("Vpc (AWS::EC2::VPC): it has dependencies") && !printed.contains("long ago"),
        "{printed}"
    );
    assert!(printed.ends_with("--- exit code 4\n"), "{printed}");
}

#[test]
fn ctrl_c_while_another_update_is_followed_cancels_and_deletes_nothing() {
    let (harness, mut session) = cluster_and_app();
    harness.look(|formation| {
        let stack = formation.stack("DevAppStack", "UPDATE_IN_PROGRESS");
        stack.path = endless("UPDATE_IN_PROGRESS");
    });
    session.interrupt_after = vec![("DescribeStackEvents", 1)];
    let printed = session.run(Verb::Destroy, &harness);
    assert!(
        printed.contains("DevAppStack: already being updated; waiting for it to finish\n"),
        "{printed}"
    );
    assert!(
        printed.ends_with("DevAppStack: not deleted\nDevCluster: not deleted\n--- exit code 130\n"),
        "{printed}"
    );
    for operation in ["CancelUpdateStack", "DeleteStack"] {
        assert_eq!(harness.server.count(operation), 0, "{operation}: {printed}");
    }
}

#[test]
fn ctrl_c_while_another_deletion_is_followed_says_that_it_continues() {
    let (harness, mut session) = cluster_and_app();
    harness.look(|formation| {
        let stack = formation.stack("DevAppStack", "DELETE_IN_PROGRESS");
        stack.path = endless("DELETE_IN_PROGRESS");
    });
    session.interrupt_after = vec![("DescribeStackEvents", 1)];
    let printed = session.run(Verb::Destroy, &harness);
    assert!(
        printed.ends_with(
            "DevCluster: not deleted\nDevAppStack: the deletion continues in AWS\n--- exit code 130\n"
        ),
        "{printed}"
    );
}

#[test]
fn ctrl_c_after_the_protection_update_keeps_the_stack() {
    let harness = protected(vec![
        step("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS").with("LoadBalancer", BALANCER, "UPDATE_COMPLETE", ""),
        step("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"),
        step("UPDATE_COMPLETE"),
    ]);
    let session = Session {
        interrupt_after: vec![("ExecuteChangeSet", 1)],
        ..forced("prod\n")
    };
    let text = session.run(Verb::Destroy, &harness);
    assert!(
        text.ends_with("ProdAppStack: not deleted\n--- exit code 130\n"),
        "{text}"
    );
    assert_eq!(harness.server.count("DeleteStack"), 0, "{text}");
    assert!(harness.look(|formation| formation.stacks["ProdAppStack"].protected));
}

#[test]
fn ctrl_c_before_the_protection_update_starts_nothing() {
    let harness = protected(updated());
    let session = Session {
        interrupt_after: vec![("CreateChangeSet", 1)],
        ..forced("prod\n")
    };
    let text = session.run(Verb::Destroy, &harness);
    assert!(
        text.ends_with("ProdAppStack: not deleted\n--- exit code 130\n"),
        "{text}"
    );
    assert_eq!(harness.server.count("ExecuteChangeSet"), 0, "{text}");
    assert!(
        harness.look(|formation| formation.stacks["ProdAppStack"].change_sets.is_empty()),
        "{text}"
    );
}
