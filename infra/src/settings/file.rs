//! Where the settings are, and what is said when they cannot be used.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::{Mistake, Settings, read};

/// Name of the file, which is beside the workspace's `Cargo.toml`.
pub const FILE_NAME: &str = "infra.toml";

/// Every setting with its default and a sentence about it; it can be used as it is.
pub const EXAMPLE: &str = include_str!("../../infra.example.toml");

/// Why there are no settings.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// There is no such file.
    #[error("there is no settings file {0}")]
    Missing(PathBuf),
    /// It is there and cannot be read.
    #[error("cannot read the settings")]
    Unreadable(#[source] io::Error),
    /// It has mistakes.
    #[error("{}", Listing { file, mistakes })]
    Invalid {
        /// Which file.
        file: PathBuf,
        /// All of them, from top to bottom.
        mistakes: Vec<Mistake>,
    },
}

/// The mistakes, one a line, each followed by its remedy.
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
    /// Reads the file.
    ///
    /// # Errors
    /// When it is not there, cannot be read, or has mistakes: all of them.
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

    /// Reads the text of a file.
    ///
    /// # Errors
    /// All mistakes in it, from top to bottom.
    pub fn parse(text: &str) -> Result<Self, Vec<Mistake>> {
        read::settings(text)
    }
}

/// The settings file for whoever is in `folder`: there, or in the nearest folder above it that has one. If none has,
/// where it should be: beside the outermost `Cargo.toml` above, else in `folder`.
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
