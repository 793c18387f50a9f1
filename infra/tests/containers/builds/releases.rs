//! The build that settles the tag of a release: which one it is, and what it refuses.

use super::spec::PhaseName;
use super::{FIRST, PARAMETER, SECOND, Stage, judge_deployment, refusal};
use crate::docker::alone;

/// Puts a tag into both repositories. What is under it does not matter to a release.
fn put_images(stage: &Stage, tag: &str) {
    for container in ["app", "proxy"] {
        stage.put_image(container, tag);
    }
}

#[test]
fn the_latest_release_goes_to_staging_and_prod_unless_another_one_is_asked_for() {
    let _turn = alone();
    let stage = Stage::new();
    put_images(&stage, FIRST);
    put_images(&stage, SECOND);
    stage.cloud.put_release(PARAMETER, SECOND);
    let mut execution = stage.release(&[]);
    let outcome = execution.build("Settle");
    outcome.assert_succeeded();
    // For the message to whoever approves.
    assert_eq!(outcome.exported["IMAGE_TAG"], SECOND);
    // Nobody reads the parameter a second time.
    stage.cloud.put_release(PARAMETER, "meanwhile");
    execution.build("SynthTemplates").assert_succeeded();
    for action in ["DeployStaging", "DeployProd"] {
        judge_deployment(&execution.deployment(action), SECOND);
    }

    let outcome = stage.release(&[("IMAGE_TAG", FIRST)]).build("Settle");
    outcome.assert_succeeded();
    assert_eq!(outcome.exported["IMAGE_TAG"], FIRST);
}

#[test]
fn a_release_without_a_tag_or_without_its_images_is_refused() {
    let _turn = alone();
    let stage = Stage::new();
    let refused = |variables: &[(&'static str, &'static str)], says: &str| {
        let outcome = stage.release(variables).build("Settle");
        outcome.assert_failed(PhaseName::Build, says);
        let last = outcome.log.lines().last().unwrap_or_default();
        assert!(last.starts_with("error: "), "{}", outcome.log);
    };
    refused(
        &[],
        "error: no release yet: the parameter penguinapp-imagetag is written by the first build of dev",
    );

    stage.put_image("app", FIRST);
    stage.cloud.put_release(PARAMETER, FIRST);
    let half = format!("error: penguin-school/proxy:{FIRST} is not there; dev builds the images of a commit");
    refused(&[], &half);
    refused(
        &[("IMAGE_TAG", SECOND)],
        &format!("error: penguin-school/app:{SECOND} is not there"),
    );
    for strange in ["", "a\",\"b", "v1,imageDigest=x", "-v1"] {
        refused(
            &[("IMAGE_TAG", strange)],
            &format!("error: no tag of an image looks like this: {strange}"),
        );
    }

    let refusal = refusal("aws", "'ssm get-parameters'*", "not authorized, says the test");
    let mut execution = stage.release(&[]);
    execution.shadow = Some(refusal.path().to_owned());
    let outcome = execution.build("Settle");
    outcome.assert_failed(PhaseName::Build, "not authorized, says the test");
}
