//! Compresses the assets into `OUT_DIR/static`, from where `src/source.rs` puts them into the binary.

#[expect(unreachable_pub, reason = "shared with the library, where it is reachable")]
#[path = "src/encoding.rs"]
mod encoding;

use std::env;
use std::error::Error;
use std::path::{Path, PathBuf};

use encoding::{Effort, Encoding};
use walkdir::WalkDir;

/// File extensions of content that is compressed already.
const COMPRESSED: [&str; 7] = ["avif", "jpeg", "jpg", "mp4", "png", "webp", "woff2"];

fn main() -> Result<(), Box<dyn Error>> {
    let assets = Path::new("../static");
    for folder in ["content", "../templates", "../static"] {
        println!("cargo::rerun-if-changed={folder}");
    }
    let out = PathBuf::from(env::var("OUT_DIR")?).join("static");
    if out.exists() {
        // A removed asset does not stay.
        fs_err::remove_dir_all(&out)?;
    }
    let effort = match env::var("PROFILE")?.as_str() {
        "release" => Effort::Best,
        _ => Effort::Quick,
    };
    for entry in WalkDir::new(assets) {
        let entry = entry?;
        let target = out.join(entry.path().strip_prefix(assets)?);
        if entry.file_type().is_dir() {
            fs_err::create_dir_all(target)?;
            continue;
        }
        let plain = fs_err::read(entry.path())?;
        fs_err::write(&target, &plain)?;
        let extension = target.extension().unwrap_or_default();
        if COMPRESSED.iter().any(|compressed| extension == *compressed) {
            continue;
        }
        for encoding in Encoding::ALL {
            if let Some(encoded) = encoding::encode(encoding, effort, &plain) {
                fs_err::write(target.with_added_extension(encoding.name()), encoded)?;
            }
        }
    }
    Ok(())
}
