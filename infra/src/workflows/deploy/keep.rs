//! Second tag of released images, by which the lifecycle policies of their repositories keep them.
//!
//! The release pipeline sets the same tag. Without it a repository deletes an image after enough newer ones, even one
//! that prod runs.

use super::super::Context;
use super::super::planning::Planned;
use super::Request;
use crate::releases::tag::short;
use crate::stacks::RELEASE_TAG_PREFIX;

/// Tags the images of the release, if a service is about to run it. A failure is reported and stops nothing.
pub(super) async fn keep_images(context: &Context<'_>, request: &Request, plans: &[Planned<'_>]) {
    let runs = |planned: &Planned<'_>| planned.is_change() && planned.spec.runs_service();
    let (Some(tag), true) = (&request.release, plans.iter().any(runs)) else {
        return;
    };
    let second = format!("{RELEASE_TAG_PREFIX}{tag}");
    for repository in &request.keep_in {
        let tagged = match context.cloud(request.region()) {
            Ok(cloud) => cloud.tag_image(repository, tag, &second).await,
            Err(error) => Err(error),
        };
        if let Err(error) = tagged {
            context.console.warn(format!(
                "{repository}:{} has no tag {second}, and its repository deletes it after 30 newer images: {error}",
                short(tag)
            ));
        }
    }
}
