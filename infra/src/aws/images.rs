//! Images of releases, in their repositories.

use std::time::SystemTime;

use aws_sdk_ecr::types::ImageIdentifier;

use super::{Cloud, Fault, time};

impl Cloud {
    /// When the image of a tag was pushed, or `None` if the repository has none. A repository that does not exist
    /// has none either.
    pub async fn image_pushed(&self, repository: &str, tag: &str) -> Result<Option<SystemTime>, Fault> {
        self.pace.permit().await;
        let answer = self
            .images
            .describe_images()
            .repository_name(repository)
            .image_ids(ImageIdentifier::builder().image_tag(tag).build())
            .send()
            .await;
        match answer {
            Ok(found) => Ok(found
                .image_details
                .unwrap_or_default()
                .first()
                .map(|image| time(image.image_pushed_at.as_ref()))),
            Err(error) => match Fault::of("DescribeImages", &error) {
                fault if fault.is_not_found() => Ok(None),
                fault => Err(fault),
            },
        }
    }
}
