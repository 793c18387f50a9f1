//! `infra diff --against`: output and exit codes.

use infra::settings::EXAMPLE;

use crate::program::Bench;

/// Creates a bench with settings, and the templates of earlier settings.
fn bench(earlier: &str, now: &str) -> Bench {
    let bench = Bench::new();
    bench.write("infra.toml", earlier);
    assert_eq!(bench.infra(&["synth", "--out", "old"]).code, 0);
    bench.write("infra.toml", now);
    bench
}

fn example() -> String {
    EXAMPLE.replace("OWNER", "polar").replace("NAME", "iceberg")
}

#[test]
fn no_changes_are_reported_in_one_line() {
    let bench = bench(&example(), &example());
    let said = bench.infra(&["diff", "--against", "old", "--exit-code"]);
    insta::assert_snapshot!(said.all(), @r"
    no differences: Foundation, DevCluster, ProdCluster, DevAppStack,
      StagingAppStack, ProdAppStack, DevPipelineStack, StagingProdPipelineStack
    [exit 0]
    ");
}

#[test]
fn a_larger_task_with_a_certificate() {
    let now = example().replace(
        "[environments.prod]",
        "[environments.prod]\ncpu = 512\nmemory = 1024\ndomain = \"penguins.example\"\n\
             certificate-arn = \"arn:aws:acm:eu-central-1:123456789012:certificate/1\"",
    );
    let bench = bench(&example(), &now);
    let said = bench.infra(&["diff", "--against", "old", "--exit-code"]);
    insta::assert_snapshot!(said.all());
    for line in said.out.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    let one = bench.infra(&[
        "diff",
        "ProdAppStack",
        "--against",
        "old/ProdAppStack.template.json",
    ]);
    assert_eq!(one.code, 0);
    assert!(said.out.starts_with(&one.out), "{}", one.out);
}

#[test]
fn a_new_cidr_replaces_the_whole_network() {
    let now = example().replace("cidr = \"10.1.0.0/20\"", "cidr = \"10.9.0.0/20\"");
    let bench = bench(&example(), &now);
    insta::assert_snapshot!(bench.infra(&["diff", "DevCluster", "--against", "old"]).out);
}

#[test]
fn renamed_stacks_are_new_and_old_ones_removed() {
    let bench = bench(&example(), include_str!("../settings/everything.toml"));
    let said = bench.infra(&["diff", "--against", "old", "--exit-code"]);
    assert_eq!(said.code, 1);
    let heads: Vec<_> = said
        .out
        .lines()
        .filter(|line| line.contains("Foundation: "))
        .collect();
    assert_eq!(heads.len(), 2, "{heads:?}");
    assert!(heads[0].starts_with("Every-Foundation: new stack, "), "{heads:?}");
    assert!(
        heads[1].starts_with("Foundation: not in the settings, "),
        "{heads:?}"
    );
    assert!(said.out.contains("Every-ProdAppStack: new stack"), "{}", said.out);
}

#[test]
fn json_output() {
    let now = example()
        .replace("spot-percent = 100", "spot-percent = 50")
        .replace("deletion-protection = false", "deletion-protection = true");
    let bench = bench(&example(), &now);
    let said = bench.infra(&["diff", "dev", "--against", "old", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    let states: Vec<_> = json["stacks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|stack| (stack["stack"].as_str().unwrap(), stack["state"].as_str().unwrap()))
        .collect();
    assert_eq!(
        states,
        [
            ("Foundation", "same"),
            ("DevCluster", "same"),
            ("DevAppStack", "changed")
        ]
    );
    insta::assert_snapshot!(format!("{:#}", json["stacks"][2]));
}

#[cfg(feature = "aws")]
#[test]
fn errors_of_comparison() {
    let bench = bench(&example(), &example());
    bench.write("one.yaml", "Resources:\n  Topic:\n    Type: AWS::SNS::Topic\n");
    bench.write("other.json", "{\"Hello\": 1}");
    bench.write("empty/README.md", "");
    let said = |arguments: &[&str]| bench.infra(&[&["diff"], arguments].concat()).all();
    let all = [
        said(&["--against", "nowhere"]),
        said(&["--against", "empty"]),
        said(&["DevCluster", "--against", "one.yaml"]),
        said(&["DevCluster", "--against", "other.json"]),
        said(&["--against", "other.json"]),
        said(&["DevClutser", "--against", "old"]),
        said(&[]),
    ];
    insta::assert_snapshot!(all.join("\n\n"));
}
