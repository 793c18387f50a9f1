//! Destructions: in which order, and who has to agree.

use insta::assert_snapshot;

use super::formation::Formation;
use super::stage::{Session, Stage, Verb, wanted};

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
