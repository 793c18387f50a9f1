//! Git queries about a checkout: remote, branches, commit, uncommitted changes.
//!
//! Without git, or outside a checkout, each query returns nothing.

use std::path::Path;
use std::process::{Command, Stdio};

/// Defaults from the checkout.
#[derive(Clone, Debug, Default)]
pub(in crate::commands) struct Checkout {
    /// Name and URL of the remote: `origin`, else the only one.
    pub(in crate::commands) remote: Option<(String, String)>,
    /// Local branches and known remote branches.
    pub(in crate::commands) branches: Vec<String>,
    /// `user.email` of the git configuration.
    pub(in crate::commands) email: Option<String>,
}

impl Checkout {
    /// Returns the release branch: `main` unless only `master` exists.
    pub(in crate::commands) fn main_branch(&self) -> &'static str {
        let has = |name: &str| self.branches.iter().any(|branch| branch == name);
        if has("master") && !has("main") {
            "master"
        } else {
            "main"
        }
    }

    /// Reads the checkout that contains `folder`.
    pub(in crate::commands) fn of(folder: &Path) -> Self {
        let ask = |arguments: &[&str]| git(folder, arguments);
        let remotes = ask(&["remote"]).unwrap_or_default();
        let remotes: Vec<_> = remotes.lines().collect();
        let name = match remotes.as_slice() {
            [only] => Some(*only),
            several => several.iter().copied().find(|name| *name == "origin"),
        };
        let remote = name.and_then(|name| {
            // `get-url` applies `insteadOf`.
            let address = ask(&["remote", "get-url", name])?;
            Some((name.to_owned(), address))
        });
        let branches = ask(&[
            "for-each-ref",
            "--format=%(refname:short)",
            "refs/heads",
            "refs/remotes",
        ]);
        let at_remote = name.map(|name| format!("{name}/"));
        let branches = branches.unwrap_or_default();
        let branches = branches.lines().map(|branch| {
            let short = at_remote.as_ref().and_then(|at| branch.strip_prefix(at.as_str()));
            short.unwrap_or(branch).to_owned()
        });
        Self {
            branches: branches.collect(),
            remote,
            email: ask(&["config", "user.email"]),
        }
    }
}

/// The commit that is checked out in `folder`, forty digits.
#[cfg(feature = "aws")]
pub(in crate::commands) fn commit(folder: &Path) -> Option<String> {
    git(folder, &["rev-parse", "--verify", "HEAD"])
}

/// The files below `folder` that differ from the commit or are not in it; ignored files are left out.
#[cfg(feature = "aws")]
pub(in crate::commands) fn uncommitted(folder: &Path) -> Vec<String> {
    let status = git(folder, &["status", "--porcelain", "--", "."]).unwrap_or_default();
    // Two letters and a space precede the name.
    let names = status.lines().filter_map(|line| line.get(3..));
    names.map(str::to_owned).collect()
}

/// Returns the output of git, if it succeeds and prints anything.
fn git(folder: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let text = text.trim_end();
    (output.status.success() && !text.is_empty()).then(|| text.to_owned())
}
