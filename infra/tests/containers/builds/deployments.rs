//! The build of the templates, and what a deployment takes from the artifacts.

use std::time::{Duration, SystemTime};

use super::{FIRST, Stage, judge_deployment};
use crate::docker::alone;

#[test]
fn the_template_from_the_source_is_deployed_with_the_tag_of_the_images() {
    let _turn = alone();
    let stage = Stage::new();
    // Both images are there: the build is short.
    stage.put_image("app", FIRST);
    stage.put_image("proxy", FIRST);
    let mut execution = stage.dev(FIRST);
    execution.build("BuildImages").assert_succeeded();
    execution.build("SynthTemplate").assert_succeeded();
    judge_deployment(&execution.deployment("DeployDev"), FIRST);

    // Compiled files are kept from build to build. A source that has changed is compiled, however old it is.
    let file = "infra/src/stacks/names.rs";
    stage
        .checkout
        .edit(file, "load balancer and service", "something else");
    let long_ago = SystemTime::now() - Duration::from_hours(24);
    let opened = fs_err::File::options()
        .append(true)
        .open(stage.checkout.path(file))
        .unwrap();
    opened.file().set_modified(long_ago).unwrap();
    execution.build("SynthTemplate").assert_succeeded();
    let template = execution.deployment("DeployDev").template;
    assert!(
        template.contains("something else"),
        "an old program wrote this:\n{template}"
    );
}
