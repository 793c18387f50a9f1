//! Container images in ECR.

use std::collections::BTreeSet;
use std::time::SystemTime;

use aws_sdk_ecr::types::{DescribeImagesFilter, Image, ImageIdentifier, TagStatus};

use super::{AwsError, Cloud, if_found, time};

/// An image under a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageState {
    /// Pushed at this time.
    Pushed(SystemTime),
    /// The repository has no image with this tag.
    Absent,
    /// The repository does not exist.
    NoRepository,
}

/// Formats of manifests that ECR is to return as they were pushed.
const MANIFESTS: [&str; 4] = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
];

impl Cloud {
    /// Returns when the image of a tag was pushed, or `None` if the image or repository does not exist.
    pub async fn image_pushed(&self, repository: &str, tag: &str) -> Result<Option<SystemTime>, AwsError> {
        Ok(match self.image_state(repository, tag).await? {
            ImageState::Pushed(at) => Some(at),
            ImageState::Absent | ImageState::NoRepository => None,
        })
    }

    /// Whether the repository and an image with this tag exist.
    pub async fn image_state(&self, repository: &str, tag: &str) -> Result<ImageState, AwsError> {
        match call!(self.images => "DescribeImages",
            describe_images().repository_name(repository)
                .image_ids(ImageIdentifier::builder().image_tag(tag).build()))
        {
            Ok(found) => Ok(found
                .image_details
                .unwrap_or_default()
                .first()
                .map_or(ImageState::Absent, |image| {
                    ImageState::Pushed(time(image.image_pushed_at.as_ref()))
                })),
            Err(AwsError::Refused { code, .. }) if code.contains("RepositoryNotFound") => {
                Ok(ImageState::NoRepository)
            }
            Err(error) if error.is_not_found() => Ok(ImageState::Absent),
            Err(error) => Err(error),
        }
    }

    /// Gives the image of `tag` a second tag. Does nothing if an image has that second tag already.
    pub async fn tag_image(&self, repository: &str, tag: &str, second: &str) -> Result<(), AwsError> {
        if self.manifest(repository, second).await?.is_some() {
            return Ok(());
        }
        let Some(image) = self.manifest(repository, tag).await? else {
            return Err(AwsError::Refused {
                operation: "BatchGetImage",
                code: "ImageNotFound".to_owned(),
                message: format!("no image {repository}:{tag}"),
            });
        };
        // ECR compares the digest with the manifest, which must arrive unchanged.
        let digest = image.image_id.and_then(|id| id.image_digest);
        match call!(self.images => "PutImage",
            put_image().repository_name(repository).image_tag(second)
                .set_image_manifest(image.image_manifest)
                .set_image_manifest_media_type(image.image_manifest_media_type)
                .set_image_digest(digest))
        {
            Ok(_) => Ok(()),
            // Another run was faster.
            Err(AwsError::Refused { code, .. }) if code.contains("AlreadyExists") => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The image with its manifest, or `None` if the repository has no image with this tag.
    async fn manifest(&self, repository: &str, tag: &str) -> Result<Option<Image>, AwsError> {
        let response = call!(self.images => "BatchGetImage",
            batch_get_image().repository_name(repository)
                .image_ids(ImageIdentifier::builder().image_tag(tag).build())
                .set_accepted_media_types(Some(MANIFESTS.map(str::to_owned).to_vec())))?;
        Ok(response.images.unwrap_or_default().into_iter().next())
    }

    /// Returns all tags of a repository; empty if it does not exist.
    pub async fn image_tags(&self, repository: &str) -> Result<BTreeSet<String>, AwsError> {
        let tagged = DescribeImagesFilter::builder().tag_status(TagStatus::Tagged);
        let images = pages!(self.images => "DescribeImages",
            image_details: describe_images().repository_name(repository).filter(tagged.clone().build()));
        let images = if_found(images)?.unwrap_or_default().into_iter();
        Ok(images
            .flat_map(|image| image.image_tags.unwrap_or_default())
            .collect())
    }
}
