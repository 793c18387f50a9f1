//! GitHub repository named by a git remote.

/// Owner and name of a GitHub repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitHubRepository {
    /// Owner of the repository.
    pub owner: String,
    /// Name of the repository.
    pub name: String,
}

/// Why a remote is not a GitHub repository.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotOnGitHub {
    /// The remote is on another host, or uses an ssh host alias.
    #[error("the remote is on `{0}`; the pipelines need a repository on github.com")]
    OtherHost(String),
    /// The remote is a local directory.
    #[error("the remote is a local directory; the pipelines need a repository on github.com")]
    Folder,
    /// The URL has no owner and repository.
    #[error("the URL does not contain a repository name")]
    NoRepository,
}

impl GitHubRepository {
    /// Parses the URL of a remote: `https://…`, `ssh://…`, `git://…` or `git@github.com:OWNER/NAME`, with or without
    /// `.git`. Credentials in it are dropped.
    ///
    /// # Errors
    /// Fails if the URL is not a GitHub repository.
    pub fn of_remote(address: &str) -> Result<Self, NotOnGitHub> {
        let address = address.trim();
        let (host, path) = if let Some((_, rest)) = address.split_once("://") {
            rest.split_once('/').ok_or(NotOnGitHub::NoRepository)?
        } else {
            match address.split_once(':') {
                Some((host, path)) if !host.contains('/') => (host, path),
                _ => return Err(NotOnGitHub::Folder),
            }
        };
        if address.starts_with("file:") {
            return Err(NotOnGitHub::Folder);
        }
        let host = host.rsplit('@').next().unwrap_or(host);
        let host = host.split(':').next().unwrap_or(host).to_lowercase();
        // ssh.github.com serves ssh on port 443.
        if !["github.com", "www.github.com", "ssh.github.com"].contains(&host.as_str()) {
            return Err(NotOnGitHub::OtherHost(host));
        }
        let mut parts = path.split('/').filter(|part| !part.is_empty());
        match (parts.next(), parts.next(), parts.next()) {
            (Some(owner), Some(name), None) => Ok(Self {
                owner: owner.to_owned(),
                name: name.strip_suffix(".git").unwrap_or(name).to_owned(),
            }),
            _ => Err(NotOnGitHub::NoRepository),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_forms_of_github_urls_are_parsed() {
        for address in [
            "https://github.com/polar/school",
            "https://github.com/polar/school.git",
            "https://github.com/polar/school/",
            "https://www.github.com/polar/school.git",
            "https://somebody:secret@github.com/polar/school.git",
            "http://github.com/polar/school.git",
            "git://github.com/polar/school.git",
            "git@github.com:polar/school.git",
            "git@github.com:polar/school",
            "git@GitHub.com:/polar/school.git\n",
            "github.com:polar/school.git",
            "ssh://git@github.com/polar/school.git",
            "ssh://git@github.com:22/polar/school",
            "ssh://git@ssh.github.com:443/polar/school.git",
        ] {
            let found = GitHubRepository::of_remote(address);
            let wanted = GitHubRepository {
                owner: "polar".to_owned(),
                name: "school".to_owned(),
            };
            assert_eq!(found, Ok(wanted), "{address}");
        }
    }

    #[test]
    fn errors_name_the_host_but_no_credentials() {
        let error = |address: &str| GitHubRepository::of_remote(address).unwrap_err().to_string();
        for (address, expected) in [
            (
                "https://me:secret@gitlab.com/polar/school.git",
                "the remote is on `gitlab.com`",
            ),
            (
                "git@github-work:polar/school.git",
                "the remote is on `github-work`",
            ),
            (
                "https://github.com.evil.example/polar/school",
                "the remote is on `github.com.evil.example`",
            ),
            ("/srv/git/school.git", "the remote is a local directory"),
            ("../school", "the remote is a local directory"),
            ("file:///srv/git/school.git", "the remote is a local directory"),
            ("https://github.com/polar", "the URL does not contain"),
            (
                "https://github.com/polar/school/tree/main",
                "the URL does not contain",
            ),
            ("https://github.com", "the URL does not contain"),
        ] {
            let error = error(address);
            assert!(error.starts_with(expected), "{address}: {error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
