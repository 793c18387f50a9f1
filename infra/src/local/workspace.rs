//! Root of the checkout.

use std::path::{Path, PathBuf};

/// The directory is not inside the checkout.
#[derive(Debug, thiserror::Error)]
#[error("{} is not inside the repository: no parent directory contains {PROXY}", .from.display())]
pub struct NotACheckout {
    from: PathBuf,
}

/// A file that forks keep, whatever their app is.
const PROXY: &str = "penguin-proxy/Cargo.toml";

/// Returns the workspace root: `from` or the nearest parent directory that contains the proxy.
///
/// # Errors
/// Fails if there is none.
pub fn find(from: &Path) -> Result<&Path, NotACheckout> {
    from.ancestors()
        .find(|folder| folder.join(PROXY).is_file())
        .ok_or_else(|| NotACheckout {
            from: from.to_owned(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_is_found_from_a_subdirectory() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        assert_eq!(find(root).unwrap(), root);
        assert_eq!(find(&root.join("infra/src/local")).unwrap(), root);
    }

    #[test]
    fn error_names_the_expected_file() {
        let message = find(Path::new("/")).unwrap_err().to_string();
        assert!(message.starts_with("/ is not inside the repository"), "{message}");
        assert!(message.contains("contains penguin-proxy/Cargo.toml"), "{message}");
    }
}
