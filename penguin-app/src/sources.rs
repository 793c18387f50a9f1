//! Where templates and assets come from: the binary in production, a folder in development.
//!
//! It must not know what a template says.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use thiserror::Error;

use crate::assets::Assets;
use crate::coding::Coding;
use crate::document::{self, Document};
use crate::{media_type, source_tree};

/// The raw material of one edition of the site.
#[derive(Debug)]
pub struct Sources {
    /// Name below `templates/` and text.
    pub templates: Vec<(String, String)>,
    /// The files of `static/`.
    pub assets: Assets,
}

/// Why the raw material could not be read.
#[derive(Debug, Error)]
pub enum SourcesError {
    /// A folder or a file could not be read; the message names it.
    #[error("{0}")]
    Unreadable(#[from] std::io::Error),
    /// An asset has an ending that we do not know.
    #[error(
        "static/{name}: no media type is known for this ending; rename the file, or add the ending to \
         penguin-app/src/media_type.rs"
    )]
    UnknownEnding {
        /// Name below `static/`.
        name: String,
    },
}

impl Sources {
    /// What was put into the binary when it was built.
    pub fn embedded() -> Self {
        let assets = ASSETS.iter().filter_map(|asset| {
            // The build refuses a file without a media type, so that none is skipped here.
            let (media_type, _) = media_type::of(asset.name)?;
            let document = Document {
                media_type,
                fingerprint: document::fingerprint(asset.plain),
                plain: Bytes::from_static(asset.plain),
                encoded: asset
                    .encoded
                    .iter()
                    .map(|(coding, body)| (*coding, Bytes::from_static(body)))
                    .collect(),
            };
            Some((asset.name.to_owned(), document))
        });
        Self {
            templates: TEMPLATES
                .iter()
                .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
                .collect(),
            assets: Assets::new(assets),
        }
    }

    /// What stands in `templates/` and `static/` of a folder, uncompressed.
    pub fn read(folder: &Path) -> Result<Self, SourcesError> {
        let mut templates = Vec::new();
        for file in source_tree::files(&folder.join("templates"))? {
            templates.push((file.name, fs_err::read_to_string(file.path)?));
        }
        let mut assets = Vec::new();
        for file in source_tree::files(&folder.join("static"))? {
            let Some((media_type, _)) = media_type::of(&file.name) else {
                return Err(SourcesError::UnknownEnding { name: file.name });
            };
            assets.push((file.name, Document::plain(media_type, fs_err::read(file.path)?)));
        }
        Ok(Self {
            templates,
            assets: Assets::new(assets),
        })
    }
}

/// What tells one state of a source folder from the next: every file with its size and its time of change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stamp(Vec<(PathBuf, u64, Option<std::time::SystemTime>)>);

impl Stamp {
    /// Looks at the folder without reading a file.
    pub fn take(folder: &Path) -> Result<Self, SourcesError> {
        let mut files = Vec::new();
        for part in ["templates", "static"] {
            for file in source_tree::files(&folder.join(part))? {
                let metadata = fs_err::metadata(&file.path)?;
                files.push((file.path, metadata.len(), metadata.modified().ok()));
            }
        }
        Ok(Self(files))
    }
}

/// An asset as the build script writes it down.
#[derive(Debug)]
struct EmbeddedAsset {
    name: &'static str,
    plain: &'static [u8],
    encoded: &'static [(Coding, &'static [u8])],
}

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
