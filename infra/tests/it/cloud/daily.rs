//! Verbs of every day against a laid-out AWS: whole sessions, at 80 columns and without colour.

// `check`, as far as it asks AWS.
mod checking;
// `logs`: in order, nothing twice, nothing lost.
mod logs;
// `pipeline status|start|approve|reject`.
mod pipelines;
// `releases` and `rollback`.
mod releases;
// `status`, once and watched.
mod status;
// A few throttled answers, and too many.
mod throttled;

use infra::deploy::wanted::Wanted;

use super::formation::Formation;
use super::stage::wanted;
use super::world::World;

/// An app stack, as `infra` wants it.
pub(super) fn app(name: &str, environment: &str) -> Wanted {
    let mut app = wanted(name, &["Foundation"]);
    app.environment = Some(environment.into());
    app.release_parameter = Some("ImageTag".into());
    app
}

const TEMPLATE: &str = r#"{"Resources":{"Service":{"Type":"AWS::ECS::Service"}}}"#;

/// `DevAppStack` runs `tag`, `ProdAppStack` runs `prod`; there is no staging.
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

/// Three releases with their images.
pub(super) fn world() -> World {
    let all = || [FIRST, SECOND, THIRD].map(str::to_owned).to_vec();
    let mut world = World::default();
    world.parameters.insert("penguinapp-imagetag".into(), all());
    world.images.insert("penguin/app".into(), all());
    world.images.insert("penguin/proxy".into(), all());
    world
}

/// Containers with their image repositories.
pub(super) fn repositories() -> Vec<(String, String)> {
    ["app", "proxy"]
        .map(|name| (name.to_owned(), format!("penguin/{name}")))
        .to_vec()
}
