//! Releases of one environment, from the revisions of its task definition.
//!

use std::collections::BTreeMap;
use std::time::SystemTime;

use super::Written;

/// A task definition revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// Revision number.
    pub number: i32,
    /// Time of registration.
    pub at: SystemTime,
    /// Container images.
    pub images: Vec<String>,
    /// Its deployment was rolled back.
    pub failed: bool,
}

/// Returns the releases that ran, by their first revision: repeated rollbacks go further back. `repository` is that of one
/// container.
pub fn history(revisions: Vec<Revision>, repository: &str) -> Vec<Written> {
    let mut first: BTreeMap<String, Written> = BTreeMap::new();
    for revision in revisions {
        let tag = revision.images.iter().find_map(|image| tag_in(image, repository));
        let Some(tag) = tag.filter(|_| !revision.failed) else {
            continue;
        };
        let written = Written {
            tag: tag.to_owned(),
            at: revision.at,
            version: i64::from(revision.number),
        };
        first
            .entry(tag.to_owned())
            .and_modify(|known| {
                if written.version < known.version {
                    known.clone_from(&written);
                }
            })
            .or_insert(written);
    }
    first.into_values().collect()
}

/// Returns the tag of an image `REGISTRY/REPOSITORY:TAG[@DIGEST]`.
fn tag_in<'a>(image: &'a str, repository: &str) -> Option<&'a str> {
    let named = image.split('@').next().unwrap_or(image);
    let (path, tag) = named.rsplit_once(':')?;
    path.ends_with(&format!("/{repository}")).then_some(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn revision(number: i32, tag: &str, failed: bool) -> Revision {
        Revision {
            number,
            at: SystemTime::UNIX_EPOCH,
            images: vec![
                format!("123456789012.dkr.ecr.eu-west-1.amazonaws.com/penguin/proxy:{tag}"),
                format!("123456789012.dkr.ecr.eu-west-1.amazonaws.com/penguin/app:{tag}@sha256:00"),
            ],
            failed,
        }
    }

    #[test]
    fn release_starts_at_its_first_revision_and_failed_ones_are_excluded() {
        let revisions = vec![
            revision(5, "one", false),
            revision(4, "three", false),
            revision(3, "broken", true),
            revision(2, "two", false),
            revision(1, "one", false),
        ];
        let mut found: Vec<_> = history(revisions, "penguin/app")
            .into_iter()
            .map(|written| (written.version, written.tag))
            .collect();
        found.sort();
        let of = |version, tag: &str| (version, tag.to_owned());
        assert_eq!(found, [of(1, "one"), of(2, "two"), of(4, "three")]);
    }

    #[test]
    fn only_images_of_the_repository_count() {
        assert_eq!(tag_in("r:5000/penguin/app:1", "penguin/app"), Some("1"));
        assert_eq!(tag_in("r/other/app:1", "penguin/app"), None);
        assert_eq!(tag_in("r:5000/penguin/app", "penguin/app"), None);
    }
}
