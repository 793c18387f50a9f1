//! A mailbox in a folder, laid out as a Maildir: mail programs such as mutt can read it.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

/// Most unread messages, so that nobody can fill the disk.
const MOST: usize = 1000;

/// `contact/` below the data folder, with `tmp/`, `new/` and `cur/`.
#[derive(Debug)]
pub(super) struct Folder {
    root: PathBuf,
    delivered: AtomicU64,
}

impl Folder {
    pub(super) fn open(data: &Path) -> io::Result<Self> {
        let root = data.join("contact");
        for part in ["tmp", "new", "cur"] {
            fs_err::create_dir_all(root.join(part))?;
        }
        // An existing folder may be read-only, which only writing shows.
        let probe = root.join("tmp/probe");
        fs_err::write(&probe, "")?;
        fs_err::remove_file(probe)?;
        let delivered = AtomicU64::new(0);
        Ok(Self { root, delivered })
    }

    /// Writes the message to `tmp/`, then moves it to `new/`, so that no reader sees half of it.
    pub(super) async fn store(&self, mail: Vec<u8>) -> io::Result<()> {
        let time = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        let number = self.delivered.fetch_add(1, Ordering::Relaxed);
        let name = format!(
            "{}.P{}Q{number}.penguin-app",
            time.as_micros(),
            std::process::id()
        );
        let (temporary, new) = (self.root.join("tmp").join(&name), self.root.join("new"));
        let work = tokio::task::spawn_blocking(move || {
            if fs_err::read_dir(&new)?.count() >= MOST {
                return Err(io::ErrorKind::StorageFull.into());
            }
            let mut file = fs_err::File::create_new(&temporary)?;
            file.write_all(&mail)?;
            file.sync_all()?;
            fs_err::rename(temporary, new.join(name))
        });
        work.await.map_err(io::Error::other)?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn full_folder_takes_no_more() {
        let data = tempfile::tempdir().unwrap();
        let folder = Folder::open(data.path()).unwrap();
        let new = data.path().join("contact/new");
        for number in 0..MOST - 1 {
            fs_err::write(new.join(number.to_string()), "").unwrap();
        }
        folder.store(b"the last one".to_vec()).await.unwrap();
        let refused = folder.store(b"one too many".to_vec()).await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::StorageFull);
        assert_eq!(
            fs_err::read_dir(data.path().join("contact/tmp")).unwrap().count(),
            0
        );
    }

    #[test]
    fn folder_that_cannot_be_written_is_refused() {
        let data = tempfile::tempdir().unwrap();
        fs_err::write(data.path().join("contact"), "a file in its place").unwrap();
        let error = Folder::open(data.path()).unwrap_err();
        assert!(error.to_string().contains("contact"), "{error}");
    }
}
