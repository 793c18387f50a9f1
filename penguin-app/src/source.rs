//! The files that the site is made of: content, templates and assets, from the binary or from a checkout.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use bytes::Bytes;
use include_dir::{Dir, File, include_dir};
use walkdir::{DirEntry, WalkDir};

static CONTENT: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/content");
static TEMPLATES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../templates");
/// Each asset with its encodings beside it, as the build script made them.
static ASSETS: Dir<'_> = include_dir!("$OUT_DIR/static");

/// The folders of a checkout that hold content, templates and assets.
pub const FOLDERS: [&str; 3] = ["penguin-app/content", "templates", "static"];

/// Files by their name below their folder, with `/` between the parts.
pub type Files = BTreeMap<String, Bytes>;

/// Returns content, templates and assets from the binary.
pub fn embedded() -> [Files; 3] {
    [&CONTENT, &TEMPLATES, &ASSETS].map(|folder| {
        files(folder)
            .filter(|file| {
                !file
                    .path()
                    .iter()
                    .any(|part| is_leftover(&part.to_string_lossy()))
            })
            .map(|file| (name(file.path()), Bytes::from_static(file.contents())))
            .collect()
    })
}

/// Reads content, templates and assets of a checkout.
pub fn read(root: &Path) -> io::Result<[Files; 3]> {
    let [content, templates, assets] = FOLDERS.map(|folder| {
        let folder = root.join(folder);
        let files = walk(&folder).map(|entry| {
            let path = entry?.into_path();
            let name = name(path.strip_prefix(&folder).unwrap_or(&path));
            Ok((name, fs_err::read(path)?.into()))
        });
        files.collect::<io::Result<Files>>()
    });
    Ok([content?, templates?, assets?])
}

/// Returns size and time of change of every file of a checkout: what changes when a file does.
pub fn stamp(root: &Path) -> Vec<(PathBuf, Option<(u64, SystemTime)>)> {
    let entries = FOLDERS.map(|folder| walk(&root.join(folder)).flatten());
    let stamp = |entry: DirEntry| {
        let metadata = fs_err::metadata(entry.path()).ok();
        let state = metadata.and_then(|metadata| Some((metadata.len(), metadata.modified().ok()?)));
        (entry.into_path(), state)
    };
    entries.into_iter().flatten().map(stamp).collect()
}

fn files(folder: &'static Dir<'_>) -> Box<dyn Iterator<Item = &'static File<'static>>> {
    Box::new(folder.files().chain(folder.dirs().flat_map(files)))
}

fn walk(folder: &Path) -> impl Iterator<Item = walkdir::Result<DirEntry>> + use<> {
    let entries = WalkDir::new(folder).follow_links(true).min_depth(1).into_iter();
    entries
        .filter_entry(|entry| !is_leftover(&entry.file_name().to_string_lossy()))
        .filter(|entry| entry.as_ref().map_or(true, |entry| !entry.file_type().is_dir()))
}

fn name(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// Whether an editor or an operating system left the file behind: `.DS_Store`, `page.html~`, `#page.html#`.
fn is_leftover(name: &str) -> bool {
    name.starts_with(['.', '#']) || name.ends_with('~')
}
