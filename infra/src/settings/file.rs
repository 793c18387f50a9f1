//! Settings file: location, loading and error output.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::{Mistake, Settings, read};

/// Name of the settings file, located beside the workspace's `Cargo.toml`.
pub const FILE_NAME: &str = "infra.toml";

/// A valid settings file with every setting, its default and a comment.
pub const EXAMPLE: &str = include_str!("../../infra.example.toml");

/// Why settings could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file does not exist.
    #[error("no settings file {0}")]
    Missing(PathBuf),
    /// The file cannot be read.
    #[error("cannot read the settings file")]
    Unreadable(#[source] io::Error),
    /// The file has mistakes.
    #[error("{}", Listing { file, mistakes })]
    Invalid {
        /// The file.
        file: PathBuf,
        /// The mistakes in the order of the file.
        mistakes: Vec<Mistake>,
    },
}

/// Writes one mistake per line, each followed by its remedy.
struct Listing<'a> {
    file: &'a Path,
    mistakes: &'a [Mistake],
}

impl fmt::Display for Listing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.display();
        match self.mistakes.len() {
            1 => write!(f, "{file} has a mistake")?,
            several => write!(f, "{file} has {several} mistakes")?,
        }
        for mistake in self.mistakes {
            let (line, column) = (mistake.line, mistake.column);
            write!(f, "\n  {file}:{line}:{column}: {mistake}")?;
            if let Some(remedy) = &mistake.remedy {
                write!(f, "\n      {remedy}")?;
            }
        }
        Ok(())
    }
}

impl Settings {
    /// Loads and validates a file.
    ///
    /// # Errors
    /// Fails if the file is missing, unreadable or invalid; reports all mistakes.
    pub fn load(file: &Path) -> Result<Self, SettingsError> {
        let text = match fs_err::read_to_string(file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(SettingsError::Missing(file.to_owned()));
            }
            Err(error) => return Err(SettingsError::Unreadable(error)),
        };
        Self::parse(&text).map_err(|mistakes| SettingsError::Invalid {
            file: file.to_owned(),
            mistakes,
        })
    }

    /// Parses and validates the text of a file.
    ///
    /// # Errors
    /// Returns all mistakes in the order of the file.
    pub fn parse(text: &str) -> Result<Self, Vec<Mistake>> {
        read::settings(text)
    }
}

/// Returns the settings file nearest to `folder`, searching upwards. If there is none, returns the path where `init`
/// would create it: beside the outermost `Cargo.toml`, else in `folder`.
pub fn find(folder: &Path) -> PathBuf {
    let with = |name: &str| {
        folder
            .ancestors()
            .filter(move |above| above.join(name).is_file())
            .map(Path::to_owned)
            .collect::<Vec<_>>()
    };
    with(FILE_NAME)
        .into_iter()
        .next()
        .or_else(|| with("Cargo.toml").pop())
        .unwrap_or_else(|| folder.to_owned())
        .join(FILE_NAME)
}
