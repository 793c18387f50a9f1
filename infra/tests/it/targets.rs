//! Targets of the command line.

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
fn environment_includes_its_dependencies() {
    assert_eq!(names(&["dev"]), ["Foundation", "DevCluster", "DevAppStack"]);
    assert_eq!(
        names(&["staging"]),
        ["Foundation", "ProdCluster", "StagingAppStack"]
    );
}

#[test]
fn environment_includes_the_command_before_its_releases() {
    let settings = EXAMPLE.replace("# before = ", "before = ");
    let graph = stacks::graph(&Settings::parse(&settings).unwrap()).unwrap();
    let names =
        |stacks: Vec<&stacks::Stack>| -> Vec<_> { stacks.iter().map(|stack| stack.name.clone()).collect() };
    assert_eq!(
        names(graph.select(&["staging"]).unwrap()),
        [
            "Foundation",
            "ProdCluster",
            "StagingBeforeRelease",
            "StagingAppStack"
        ]
    );
    assert_eq!(
        names(graph.select_to_destroy(&["staging"]).unwrap()),
        ["StagingBeforeRelease", "StagingAppStack"]
    );
    assert_eq!(graph.stacks().len(), 11);
}

#[test]
fn destroy_selects_only_own_stacks() {
    let graph = graph();
    let doomed = |target: &str| -> Vec<_> {
        let stacks = graph.select_to_destroy(&[target]).unwrap();
        stacks.iter().map(|stack| stack.name.as_str()).collect()
    };
    // Shared stacks are kept: the images, and the cluster that staging shares with prod.
    assert_eq!(doomed("dev"), ["DevCluster", "DevAppStack"]);
    assert_eq!(doomed("staging"), ["StagingAppStack"]);
    assert_eq!(doomed("prod"), ["ProdCluster", "ProdAppStack"]);
    // A stack named explicitly is selected.
    assert_eq!(doomed("Foundation"), ["Foundation"]);
}

#[test]
fn mixed_targets_are_ordered_and_unique() {
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
fn unknown_target_has_a_suggestion() {
    let graph = graph();
    let hint = |target: &str| graph.select(&[target]).unwrap_err().hint();
    assert_eq!(hint("stagging"), "did you mean `staging`?");
    assert_eq!(hint("devappstack"), "did you mean `DevAppStack`?");
    assert!(hint("xyz").starts_with("valid targets: dev, staging, prod, clusters"));
}

#[test]
fn list_shows_environment_and_dependencies() {
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
