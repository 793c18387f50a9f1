//! Tests of the inventory for default settings and for all options.

use super::*;
use crate::settings::{EXAMPLE, Settings};
use crate::stacks;

const EVERYTHING: &str = include_str!("../../tests/settings/everything.toml");

fn inventory(text: &str) -> Inventory {
    of(&stacks::graph(&Settings::parse(text).unwrap()).unwrap())
}

#[test]
fn example_settings_are_read() {
    let inventory = inventory(EXAMPLE);
    assert_eq!(
        inventory.foundation.repositories,
        ["penguin-school/app", "penguin-school/proxy"]
    );
    assert_eq!(inventory.foundation.images_kept, 130);
    assert!(inventory.foundation.connection);

    let [dev, prod] = &inventory.clusters[..] else {
        panic!("{:?}", inventory.clusters)
    };
    assert_eq!(
        (dev.cidr.as_str(), prod.cidr.as_str()),
        ("10.1.0.0/20", "10.3.0.0/20")
    );
    let nat = |cluster: &Cluster| cluster.zones.iter().map(|zone| zone.nat).collect::<Vec<_>>();
    assert_eq!((nat(dev), nat(prod)), (vec![true, false], vec![true, true]));
    assert!(dev.zones.iter().all(|zone| zone.way_out) && dev.endpoints.is_empty() && dev.s3_endpoint);
    assert_eq!(
        (dev.zones[1].public.as_str(), dev.zones[1].private.as_str()),
        ("10.1.1.0/24", "10.1.8.0/22")
    );
    assert_eq!(
        (dev.insights, prod.insights),
        (Insights::Services, Insights::Containers)
    );
    assert_eq!(
        (dev.keys, dev.flow_log_days, prod.access_log_days),
        (1, Some(30), Some(90))
    );

    let app = &inventory.apps[0];
    assert_eq!(
        app.containers,
        [("proxy".to_owned(), 8080), ("app".to_owned(), 3000)]
    );
    assert_eq!(
        (app.cpu, app.memory, app.architecture.as_str()),
        (256, 512, "arm64")
    );
    assert_eq!(
        (app.tasks, app.schedules.len(), app.alarms, app.log_days),
        ((1, 4), 2, 4, 30)
    );
    assert!(!app.listeners.secure() && !app.protected && inventory.apps[2].protected);
    assert_eq!(app.deployment, "rolling");
}

#[test]
fn all_options_are_read() {
    let inventory = inventory(EVERYTHING);
    assert!(!inventory.foundation.connection);
    let dev = &inventory.clusters[0];
    assert_eq!(dev.zones.len(), 3);
    assert!(dev.zones.iter().all(|zone| !zone.nat && !zone.way_out));
    assert_eq!(
        dev.endpoints,
        ["ecr.api", "ecr.dkr", "logs", "secretsmanager", "ssm"]
    );
    assert_eq!(dev.insights, Insights::Off);
    let deployments: Vec<_> = inventory.apps.iter().map(|app| app.deployment.as_str()).collect();
    assert_eq!(deployments, ["blue/green", "canary", "rolling"]);
    let staging = &inventory.apps[1];
    let listeners: Vec<_> = staging
        .listeners
        .0
        .iter()
        .map(|one| (one.port, one.redirects))
        .collect();
    assert_eq!(listeners, [(80, true), (443, false)]);
    assert!(staging.listeners.secure());
    assert_eq!(
        inventory.apps[0].capacity,
        Capacity {
            base: 1,
            steady: 50,
            spot: 50
        }
    );
}

#[test]
fn tasks_are_divided_by_base_and_weight() {
    let share = |base, steady, spot, tasks| Capacity { base, steady, spot }.share(tasks);
    assert_eq!(share(1, 0, 1, 4.0), (1.0, 3.0));
    assert_eq!(share(1, 0, 1, 0.5), (0.5, 0.0));
    assert_eq!(share(0, 1, 0, 4.0), (4.0, 0.0));
    assert_eq!(share(1, 50, 50, 3.0), (2.0, 1.0));
    assert_eq!(share(0, 0, 0, 2.0), (2.0, 0.0));
}

#[test]
fn pipeline_stages_are_read_in_order() {
    let inventory = inventory(EXAMPLE);
    let [dev, release] = &inventory.pipelines[..] else {
        panic!("{:?}", inventory.pipelines)
    };
    let stages = |pipeline: &Pipeline| -> Vec<_> {
        let name = |stage: &Stage| {
            let actions: Vec<_> = stage.actions.iter().map(|action| action.name.as_str()).collect();
            format!("{} {} {}", stage.name, actions.join("+"), stage.on_failure)
        };
        pipeline.stages.iter().map(name).collect()
    };
    assert_eq!(
        stages(dev),
        [
            "Source Source ",
            "Build BuildImages+SynthTemplate+RunTests retry",
            "Deploy DeployDev ",
            " SmokeTest ",
            " RecordRelease "
        ]
    );
    assert_eq!(
        stages(release),
        [
            "Source Source ",
            "Build Settle+SynthTemplates retry",
            "Staging DeployStaging ",
            " SmokeTest ",
            " Approve ",
            "Prod DeployProd "
        ]
    );
    assert!(dev.on_push && !release.on_push && dev.by_the_minute && release.releases);
    assert_eq!((dev.branch.as_str(), release.branch.as_str()), ("dev", "main"));
    assert_eq!(
        (dev.mode.as_str(), release.mode.as_str()),
        ("superseded", "queued")
    );
    let builds: Vec<_> = [dev, release]
        .iter()
        .flat_map(|pipeline| &pipeline.stages)
        .flat_map(|stage| &stage.actions)
        .filter_map(|action| match &action.kind {
            ActionKind::Build(build) => {
                assert!(build.arm);
                Some((build.purpose.clone(), build.size))
            }
            _ => None,
        })
        .collect();
    let tag = || Purpose::Tag {
        parameter: "penguinapp-imagetag".to_owned(),
    };
    assert_eq!(
        builds,
        [
            (Purpose::Images, Size::Large),
            (Purpose::Templates, Size::Small),
            (Purpose::Tests, Size::Medium),
            (Purpose::SmokeTest, Size::Small),
            (tag(), Size::Small),
            (tag(), Size::Small),
            (Purpose::Templates, Size::Small),
            (Purpose::SmokeTest, Size::Small),
        ]
    );
}
