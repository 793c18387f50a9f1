//! Values of the app's secrets on this machine, from the environment or an `.env` file. On AWS, only ECS reads them.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::Path;

use crate::service::Service;

/// Values by variable. They are not printed.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SecretValues(BTreeMap<String, String>);

impl fmt::Debug for SecretValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Why there are no values.
#[derive(Debug, thiserror::Error)]
pub enum NoSecretValues {
    /// Variables without a value.
    #[error("no value for {}: set in neither the environment nor .env", .0.join(", "))]
    Missing(Vec<String>),
    /// The file cannot be read.
    #[error("cannot read the values of secrets")]
    Unreadable(#[source] io::Error),
    /// A line of the file is no assignment.
    #[error(".env:{0}: expected `NAME=value`")]
    Line(usize),
}

impl SecretValues {
    /// Returns the values of the secrets of a service. The environment takes precedence over the file, as under compose.
    ///
    /// # Errors
    /// Fails if a value is missing or empty, or if the file is not readable.
    pub fn of(service: &Service, env_file: &Path) -> Result<Self, NoSecretValues> {
        let names = service.app.secrets.keys();
        if service.app.secrets.is_empty() {
            return Ok(Self::default());
        }
        let file = match fs_err::read_to_string(env_file) {
            Ok(text) => parse(&text)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(NoSecretValues::Unreadable(error)),
        };
        let (mut values, mut missing) = (BTreeMap::new(), Vec::new());
        for name in names {
            match std::env::var(name).ok().or_else(|| file.get(name).cloned()) {
                Some(value) if !value.is_empty() => drop(values.insert(name.clone(), value)),
                _ => missing.push(name.clone()),
            }
        }
        if missing.is_empty() {
            Ok(Self(values))
        } else {
            Err(NoSecretValues::Missing(missing))
        }
    }

    /// Returns the value of a variable.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

/// Parses an `.env` file: assignments, comments, quotes. Errors do not contain the line.
fn parse(text: &str) -> Result<BTreeMap<String, String>, NoSecretValues> {
    let mut values = BTreeMap::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line);
        let (name, value) = line.split_once('=').ok_or(NoSecretValues::Line(number + 1))?;
        let value = value.trim();
        let value = match value.chars().next() {
            Some(quote @ ('"' | '\'')) => value
                .strip_prefix(quote)
                .and_then(|rest| rest.split_once(quote))
                .map(|(inside, _)| inside)
                .ok_or(NoSecretValues::Line(number + 1))?,
            Some('#') => "",
            _ => value
                .split_once(" #")
                .map_or(value, |(before, _)| before.trim_end()),
        };
        values.insert(name.trim().to_owned(), value.to_owned());
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::{App, Secret};

    fn service(names: &[&str]) -> Service {
        let secret = |name: &&str| {
            (
                (*name).to_owned(),
                Secret::Parameter {
                    path: "/x".to_owned(),
                },
            )
        };
        Service {
            app: App {
                secrets: names.iter().map(secret).collect(),
                ..App::default()
            },
            ..Service::default()
        }
    }

    #[test]
    fn values_come_from_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(".env");
        let text = "# ours\n\nTEST_ONE=a=b # comment\nexport TEST_TWO=\"x #y\" # z\nTEST_THREE='$1'\nTEST_FOUR=\nOTHER=1\n";
        fs_err::write(&file, text).unwrap();
        let values = SecretValues::of(&service(&["TEST_ONE", "TEST_TWO", "TEST_THREE"]), &file).unwrap();
        let got = ["TEST_ONE", "TEST_TWO", "TEST_THREE", "OTHER"].map(|name| values.get(name));
        assert_eq!(got, [Some("a=b"), Some("x #y"), Some("$1"), None]);
        let error = SecretValues::of(&service(&["TEST_FOUR", "TEST_FIVE"]), &file).unwrap_err();
        assert_eq!(
            error.to_string(),
            "no value for TEST_FIVE, TEST_FOUR: set in neither the environment nor .env"
        );
    }

    #[test]
    fn values_are_not_printed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(".env");
        fs_err::write(&file, "TEST_ONE=hunter2\n").unwrap();
        let values = SecretValues::of(&service(&["TEST_ONE"]), &file).unwrap();
        assert_eq!(format!("{values:?}"), "{\"TEST_ONE\"}");
        fs_err::write(&file, "TEST_ONE=1\nhunter2\n").unwrap();
        let error = SecretValues::of(&service(&["TEST_ONE"]), &file).unwrap_err();
        assert_eq!(error.to_string(), ".env:2: expected `NAME=value`");
    }
}
