//! Which repository on GitHub a git remote names.

/// Owner and name of a repository on GitHub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitHubRepository {
    /// Who has it.
    pub owner: String,
    /// Its name.
    pub name: String,
}

/// A remote that is no repository on GitHub.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotOnGitHub {
    /// It is at another host, or a name that ssh makes a host of.
    #[error("it is at `{0}`, and the pipelines take their source from github.com")]
    OtherHost(String),
    /// It is a folder of this machine.
    #[error("it is a folder, and the pipelines take their source from github.com")]
    Folder,
    /// It is at GitHub and names no repository.
    #[error("it names no repository")]
    NoRepository,
}

impl GitHubRepository {
    /// Reads the address of a remote: `https://…`, `ssh://…`, `git://…` or `git@github.com:OWNER/NAME`, with or without
    /// `.git`. What is in it besides, as a password, is neither kept nor repeated.
    ///
    /// # Errors
    /// When it is none on GitHub; the error says where it is.
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
        // The last one is where ssh goes when its own port is closed.
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
    fn every_way_to_write_a_remote_of_github() {
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
    fn others_are_told_where_they_are_and_nothing_of_their_passwords() {
        let error = |address: &str| GitHubRepository::of_remote(address).unwrap_err().to_string();
        for (address, told) in [
            (
                "https://me:secret@gitlab.com/polar/school.git",
                "it is at `gitlab.com`",
            ),
            ("git@github-work:polar/school.git", "it is at `github-work`"),
            (
                "https://github.com.evil.example/polar/school",
                "it is at `github.com.evil.example`",
            ),
            ("/srv/git/school.git", "it is a folder"),
            ("../school", "it is a folder"),
            ("file:///srv/git/school.git", "it is a folder"),
            ("https://github.com/polar", "it names no repository"),
            (
                "https://github.com/polar/school/tree/main",
                "it names no repository",
            ),
            ("https://github.com", "it names no repository"),
        ] {
            let error = error(address);
            assert!(error.starts_with(told), "{address}: {error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
