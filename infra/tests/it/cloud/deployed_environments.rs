//! Verbs on deployed environments against a mock of AWS: whole sessions, at 80 columns and without colour.

// `check`: AWS account.
pub(super) mod account_check;
// `logs`: order, duplicates, gaps.
mod logs;
// `pipeline status|start|approve|reject`.
pub(super) mod pipelines;
// `releases` and `rollback`.
pub(super) mod releases;
// `status`, once and with `--watch`.
mod status;
// Throttling.
mod throttled;

use infra::deployment::stack_spec::StackSpec;

use super::fixture::Fixture;
use super::formation::Formation;
use super::harness::spec;

/// Spec of an app stack.
pub(super) fn app(name: &str, environment: &str) -> StackSpec {
    let mut app = spec(name, &["Foundation"]);
    app.environment = Some(environment.into());
    app.release_parameter = Some("ImageTag".into());
    app
}

const TEMPLATE: &str = r#"{"Resources":{"Service":{"Type":"AWS::ECS::Service"}}}"#;

/// `DevAppStack` runs `tag`, `ProdAppStack` runs `prod`; staging is missing.
pub(super) fn formation(dev: &str, prod: &str) -> Formation {
    let mut formation = Formation::default();
    for (name, tag) in [("DevAppStack", dev), ("ProdAppStack", prod)] {
        let stack = formation.stack(name, "UPDATE_COMPLETE");
        stack.parameters = vec![("ImageTag".into(), tag.into())];
        stack.outputs = vec![("Url".into(), format!("http://{}.example", name.to_lowercase()))];
        stack.updated = Some(3 * 3600 + 60);
        TEMPLATE.clone_into(&mut stack.template);
        stack.resources = [
            (
                "Service",
                "AWS::ECS::Service",
                "arn:aws:ecs:eu-west-1:123456789012:service/penguin/web",
            ),
            (
                "RunTaskDefinition",
                "AWS::ECS::TaskDefinition",
                "arn:aws:ecs:eu-west-1:123456789012:task-definition/web-run:3",
            ),
            (
                "TaskDefinition",
                "AWS::ECS::TaskDefinition",
                "arn:aws:ecs:eu-west-1:123456789012:task-definition/web:3",
            ),
            ("ErrorsAlarm", "AWS::CloudWatch::Alarm", "penguin-errors"),
            ("LatencyAlarm", "AWS::CloudWatch::Alarm", "penguin-latency"),
        ]
        .map(|(id, kind, physical)| (id.to_owned(), kind.to_owned(), physical.to_owned()))
        .to_vec();
    }
    formation
}

pub(super) const FIRST: &str = "0000000000000000000000000000000000000001";
pub(super) const SECOND: &str = "4f2a9c01d7a0e5b6c8d9e0f1a2b3c4d5e6f70819";
pub(super) const THIRD: &str = "9b1c2d3e4f5a69788796a5b4c3d2e1f001122334";

/// Three releases with their images, of which prod runs the second.
pub(super) fn fixture() -> Fixture {
    let all = || [FIRST, SECOND, THIRD].map(str::to_owned).to_vec();
    let mut fixture = Fixture::default();
    fixture.parameters.insert("penguinapp-imagetag".into(), all());
    fixture.images.insert("penguin/app".into(), all());
    fixture.images.insert("penguin/proxy".into(), all());
    // In prod the third was rolled back.
    fixture.revisions = [(FIRST, false), (THIRD, true), (SECOND, false)]
        .map(|(tag, failed)| (tag.to_owned(), failed))
        .to_vec();
    fixture
}

/// Containers with their image repositories.
pub(super) fn repositories() -> Vec<(String, String)> {
    ["app", "proxy"]
        .map(|name| (name.to_owned(), format!("penguin/{name}")))
        .to_vec()
}
