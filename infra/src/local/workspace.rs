//! Finds the checkout that somebody stands in.

use std::path::{Path, PathBuf};

use crate::service::{Runtime, containers};

/// Nothing above this folder is the checkout.
#[derive(Debug, thiserror::Error)]
#[error("{} is not inside a checkout of the Penguin School: neither it nor a folder above it holds {}", .from.display(), .wanted.join(" and "))]
pub struct NotACheckout {
    from: PathBuf,
    wanted: Vec<String>,
}

/// The workspace's root: `from` or the nearest folder above it that holds the packages of both containers.
///
/// # Errors
/// When there is none.
pub fn find(from: &Path) -> Result<&Path, NotACheckout> {
    let wanted: Vec<_> = containers(Runtime::Compose)
        .iter()
        .map(|container| format!("{}/Cargo.toml", container.package))
        .collect();
    from.ancestors()
        .find(|folder| wanted.iter().all(|file| folder.join(file).is_file()))
        .ok_or_else(|| NotACheckout {
            from: from.to_owned(),
            wanted,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_found_from_far_below() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        assert_eq!(find(root).unwrap(), root);
        assert_eq!(find(&root.join("infra/src/local")).unwrap(), root);
    }

    #[test]
    fn outside_it_says_what_was_looked_for() {
        let message = find(Path::new("/")).unwrap_err().to_string();
        assert!(message.starts_with("/ is not inside a checkout"), "{message}");
        assert!(
            message.contains("penguin-app/Cargo.toml and penguin-proxy/Cargo.toml"),
            "{message}"
        );
    }
}
