//! What git knows of the checkout. Without git, or outside of a checkout, nothing: everything can be asked.

use std::path::Path;
use std::process::{Command, Stdio};

/// What git knows.
#[derive(Clone, Debug, Default)]
pub(super) struct Checkout {
    /// Name and address of the remote: `origin`, else the only one.
    pub(super) remote: Option<(String, String)>,
    /// The branches that are here or were at the remote when it was last asked.
    pub(super) branches: Vec<String>,
    /// Whom commits are from.
    pub(super) email: Option<String>,
}

impl Checkout {
    /// Of the checkout that `folder` is in.
    pub(super) fn of(folder: &Path) -> Self {
        let ask = |arguments: &[&str]| git(folder, arguments);
        let remotes = ask(&["remote"]).unwrap_or_default();
        let remotes: Vec<_> = remotes.lines().collect();
        let name = match remotes.as_slice() {
            [only] => Some(*only),
            several => several.iter().copied().find(|name| *name == "origin"),
        };
        let remote = name.and_then(|name| {
            // As git itself would use it: with what `insteadOf` makes of it.
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

/// What git prints, if it succeeds and prints anything.
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
