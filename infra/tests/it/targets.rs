//! Which stacks a target on the command line means.

use infra::settings::{EXAMPLE, Settings};
use infra::stacks::{self, Graph};

fn graph() -> Graph {
    stacks::graph(&Settings::parse(EXAMPLE).unwrap()).unwrap()
}

fn names(targets: &[&str]) -> Vec<String> {
    graph()
        .select(targets)
        .unwrap()
        .iter()
        .map(|stack| stack.name.clone())
        .collect()
}

#[test]
fn an_environment_is_its_app_and_what_that_needs() {
    assert_eq!(names(&["dev"]), ["Foundation", "DevCluster", "DevAppStack"]);
    assert_eq!(
        names(&["staging"]),
        ["Foundation", "ProdCluster", "StagingAppStack"]
    );
}

#[test]
fn destroying_an_environment_takes_only_what_is_its_own() {
    let graph = graph();
    let doomed = |target: &str| -> Vec<_> {
        let stacks = graph.select_to_destroy(&[target]).unwrap();
        stacks.iter().map(|stack| stack.name.as_str()).collect()
    };
    // The images are everybody's, and the cluster of prod serves staging too.
    assert_eq!(doomed("dev"), ["DevCluster", "DevAppStack"]);
    assert_eq!(doomed("staging"), ["StagingAppStack"]);
    assert_eq!(doomed("prod"), ["ProdCluster", "ProdAppStack"]);
    // Who names the stack means it.
    assert_eq!(doomed("Foundation"), ["Foundation"]);
}

#[test]
fn groups_and_stacks_can_be_mixed_and_come_in_order_once() {
    assert_eq!(
        names(&["pipelines", "DevCluster", "clusters"]),
        [
            "DevCluster",
            "ProdCluster",
            "DevPipelineStack",
            "StagingProdPipelineStack"
        ]
    );
    assert_eq!(names(&["all"]), names(&[]));
    assert_eq!(names(&[]).len(), 8);
}

#[test]
fn what_is_unknown_is_answered_with_what_is_near() {
    let graph = graph();
    let hint = |target: &str| graph.select(&[target]).unwrap_err().hint();
    assert_eq!(hint("stagging"), "did you mean `staging`?");
    assert_eq!(hint("devappstack"), "did you mean `DevAppStack`?");
    assert!(hint("xyz").starts_with("a target is one of dev, staging, prod, clusters"));
}

#[test]
fn the_list_says_what_serves_which_environment_and_needs_what() {
    let bench = crate::program::Bench::new();
    bench.write("infra.toml", EXAMPLE);
    insta::assert_snapshot!(bench.infra(&["list"]).all(), @r"
    STACK                     SERVES         NEEDS
    Foundation                shared
    DevCluster                dev
    ProdCluster               staging, prod
    DevAppStack               dev            Foundation, DevCluster
    StagingAppStack           staging        Foundation, ProdCluster
    ProdAppStack              prod           Foundation, ProdCluster
    DevPipelineStack          dev            Foundation, DevCluster
    StagingProdPipelineStack  staging, prod  Foundation, ProdCluster
    [exit 0]
    ");
    let json = bench.infra(&["list", "ProdCluster", "--json"]).out;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json[0]["environments"], serde_json::json!(["staging", "prod"]));
    assert_eq!(json[0]["terminationProtection"], true);
}
