//! Images of releases, in their repositories.

use std::collections::BTreeSet;
use std::time::SystemTime;

use aws_sdk_ecr::types::{DescribeImagesFilter, ImageIdentifier, TagStatus};

use super::{Cloud, Fault, time};

impl Cloud {
    /// When the image of a tag was pushed, or `None` if the repository has none. A repository that does not exist
    /// has none either.
    pub async fn image_pushed(&self, repository: &str, tag: &str) -> Result<Option<SystemTime>, Fault> {
        self.elsewhere.permit().await;
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

    /// All tags of a repository. One that does not exist has none.
    pub async fn image_tags(&self, repository: &str) -> Result<BTreeSet<String>, Fault> {
        let mut tags = BTreeSet::new();
        let mut token = None;
        loop {
            self.elsewhere.permit().await;
            let tagged = DescribeImagesFilter::builder()
                .tag_status(TagStatus::Tagged)
                .build();
            let answer = self
                .images
                .describe_images()
                .repository_name(repository)
                .filter(tagged)
                .set_next_token(token)
                .send()
                .await;
            let page = match answer {
                Ok(page) => page,
                Err(error) => match Fault::of("DescribeImages", &error) {
                    fault if fault.is_not_found() => return Ok(tags),
                    fault => return Err(fault),
                },
            };
            let images = page.image_details.unwrap_or_default().into_iter();
            tags.extend(images.flat_map(|image| image.image_tags.unwrap_or_default()));
            token = page.next_token;
            if token.is_none() {
                return Ok(tags);
            }
        }
    }
}
