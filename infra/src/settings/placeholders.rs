//! Values that stand for others: what the file in the repository holds before a fork has set anything.

use super::Settings;

impl Settings {
    /// The settings that still hold what the repository came with, as `source.owner = "OWNER"`. With them templates can
    /// be made and looked at; AWS would look for a repository of nobody.
    pub fn placeholders(&self) -> Vec<String> {
        let Self { source, release, .. } = self;
        let mut found = Vec::new();
        if source.owner == "OWNER" {
            found.push("source.owner = \"OWNER\"".to_owned());
        }
        if source.repository == "NAME" {
            found.push("source.repository = \"NAME\"".to_owned());
        }
        // An address that nobody reads is a mistake of its own kind; beside the others it is one
        // of them.
        if !found.is_empty() && self.mail_goes_nowhere() {
            found.push(format!("release.email = \"{}\"", release.email));
        }
        found
    }

    /// The e-mail address is one of those that are kept for examples, where nobody reads.
    pub fn mail_goes_nowhere(&self) -> bool {
        let host = self
            .release
            .email
            .rsplit('@')
            .next()
            .unwrap_or_default()
            .to_lowercase();
        ["example.com", "example.org", "example.net"]
            .iter()
            .any(|example| host == *example || host.ends_with(&format!(".{example}")))
            || host.ends_with(".example")
    }
}
