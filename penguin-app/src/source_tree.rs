//! Which files below `templates/` and `static/` belong to the site.
//!
//! The build script compiles this file too. It must not know what the files are for.

use std::io;
use std::path::{Path, PathBuf};

/// One file of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Its path below the folder, with `/` between the parts.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
}

/// Every file below `root`, sorted by name.
///
/// What editors and file managers leave behind (`.DS_Store`, `.page.html.swp`, `page.html~`, `#page.html#`) is
/// not part of the site.
pub fn files(root: &Path) -> io::Result<Vec<SourceFile>> {
    let mut found = Vec::new();
    let mut folders = vec![(root.to_path_buf(), String::new())];
    while let Some((folder, prefix)) = folders.pop() {
        for entry in fs_err::read_dir(folder)? {
            let entry = entry?;
            let Ok(own_name) = entry.file_name().into_string() else {
                return Err(io::Error::other(format!(
                    "{}: the name of the file is not UTF-8",
                    entry.path().display()
                )));
            };
            if own_name.starts_with(['.', '#']) || own_name.ends_with('~') {
                continue;
            }
            let name = format!("{prefix}{own_name}");
            // Follows links, as the editor of a theme would expect.
            if fs_err::metadata(entry.path())?.is_dir() {
                folders.push((entry.path(), format!("{name}/")));
            } else {
                found.push(SourceFile {
                    name,
                    path: entry.path(),
                });
            }
        }
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(found)
}
