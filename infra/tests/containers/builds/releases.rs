//! Tag resolution of a release.

use super::spec::PhaseName;
use super::{FIRST, Harness, PARAMETER, SECOND, failing_program, judge_deployment};
use crate::docker::alone;

/// Request for the latest release.
const LATEST: &[(&str, &str)] = &[("IMAGE_TAG", "latest")];

/// Adds a tag to both repositories, with any content.
fn put_images(harness: &Harness, tag: &str) {
    for container in ["app", "proxy"] {
        harness.put_image(container, tag);
    }
}

#[test]
fn latest_or_requested_release_is_deployed() {
    let _turn = alone();
    let harness = Harness::new();
    put_images(&harness, FIRST);
    put_images(&harness, SECOND);
    harness.cloud.put_release(PARAMETER, SECOND);
    let mut execution = harness.release(LATEST);
    let outcome = execution.build("Settle");
    outcome.assert_succeeded();
    // Protected from expiry, with the same digest.
    for tags in harness.tags() {
        assert!(tags.contains_key(&format!("release-{SECOND}")), "{tags:?}");
        assert!(!tags.contains_key(&format!("release-{FIRST}")));
    }
    // Repeated, with an existing tag.
    harness.release(LATEST).build("Settle").assert_succeeded();
    // Used by the approval message.
    assert_eq!(outcome.exported["IMAGE_TAG"], SECOND);
    // The parameter is read only once.
    harness.cloud.put_release(PARAMETER, "meanwhile");
    execution.build("SynthTemplates").assert_succeeded();
    for action in ["DeployStaging", "DeployProd"] {
        judge_deployment(&execution.deployment(action), SECOND);
    }

    let outcome = harness.release(&[("IMAGE_TAG", FIRST)]).build("Settle");
    outcome.assert_succeeded();
    assert_eq!(outcome.exported["IMAGE_TAG"], FIRST);
}

#[test]
fn release_without_tag_or_images_fails() {
    let _turn = alone();
    let harness = Harness::new();
    let refused = |variables: &[(&'static str, &'static str)], says: &str| {
        let outcome = harness.release(variables).build("Settle");
        outcome.assert_failed(PhaseName::Build, says);
        let last = outcome.log.lines().last().unwrap_or_default();
        assert!(last.starts_with("error: "), "{}", outcome.log);
    };
    refused(
        LATEST,
        "error: no release yet: parameter penguinapp-imagetag is empty until the first deployment to dev",
    );

    harness.put_image("app", FIRST);
    harness.cloud.put_release(PARAMETER, FIRST);
    let half = format!(
        "error: penguin-school/proxy:{FIRST} does not exist; the dev pipeline builds the images of a commit"
    );
    refused(LATEST, &half);
    refused(
        &[("IMAGE_TAG", SECOND)],
        &format!("error: penguin-school/app:{SECOND} does not exist"),
    );
    for strange in ["(none)", "", "a\",\"b", "v1,imageDigest=x", "-v1"] {
        refused(
            &[("IMAGE_TAG", strange)],
            &format!("error: invalid image tag: {strange}"),
        );
    }

    let failing = failing_program("aws", "'ssm get-parameters'*", "not authorized (test)");
    let mut execution = harness.release(LATEST);
    execution.shadow = Some(failing.path().to_owned());
    let outcome = execution.build("Settle");
    outcome.assert_failed(PhaseName::Build, "not authorized (test)");
}
