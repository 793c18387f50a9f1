//! Detection of placeholder values in the settings.

use super::Settings;

impl Settings {
    /// Returns the settings that still hold a placeholder, for example `source.owner = "OWNER"`. Templates can be
    /// generated with them, but not deployed.
    pub fn placeholders(&self) -> Vec<String> {
        let Self { source, release, .. } = self;
        let mut found = Vec::new();
        if source.owner == "OWNER" {
            found.push("source.owner = \"OWNER\"".to_owned());
        }
        if source.repository == "NAME" {
            found.push("source.repository = \"NAME\"".to_owned());
        }
        // An example address alone is reported by `check` as a finding of its own.
        if !found.is_empty() && self.email_is_example() {
            found.push(format!("release.email = \"{}\"", release.email));
        }
        found
    }

    /// Returns true if the e-mail address is in a domain reserved for examples.
    pub fn email_is_example(&self) -> bool {
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
