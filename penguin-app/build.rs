//! Puts templates and assets into the binary, so that an image is one file.
//!
//! Assets are compressed here, once, with what time a release build is worth; a debug build is quick about it.
//! The result is `embedded.rs` in the build folder, which `sources/embedded.rs` includes.

#![expect(
    clippy::unnecessary_debug_formatting,
    reason = "the debug form of a path is a Rust string literal, which is what is written"
)]

#[expect(unreachable_pub, reason = "shared with the library, where it is reachable")]
#[path = "src/coding.rs"]
mod coding;
#[expect(unreachable_pub, reason = "shared with the library, where it is reachable")]
#[path = "src/media_type.rs"]
mod media_type;
#[expect(unreachable_pub, reason = "shared with the library, where it is reachable")]
#[path = "src/source_tree.rs"]
mod source_tree;

use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use coding::{Coding, Effort};

fn main() -> Result<(), Box<dyn Error>> {
    let crate_folder = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let effort = if env::var("PROFILE")? == "release" {
        Effort::Best
    } else {
        Effort::Quick
    };
    let root = crate_folder.parent().ok_or("the crate stands in no workspace")?;
    let templates = root.join("templates");
    let assets = root.join("static");
    for folder in [&templates, &assets] {
        println!("cargo::rerun-if-changed={}", folder.display());
    }

    let mut code = String::new();
    write_templates(&mut code, &templates)?;
    write_assets(&mut code, &assets, &out, effort)?;
    fs_err::write(out.join("embedded.rs"), code)?;
    Ok(())
}

fn write_templates(code: &mut String, folder: &Path) -> Result<(), Box<dyn Error>> {
    writeln!(code, "const TEMPLATES: &[(&str, &str)] = &[")?;
    for file in source_tree::files(folder)? {
        writeln!(code, "    ({:?}, include_str!({:?})),", file.name, file.path)?;
    }
    writeln!(code, "];")?;
    Ok(())
}

fn write_assets(code: &mut String, folder: &Path, out: &Path, effort: Effort) -> Result<(), Box<dyn Error>> {
    writeln!(code, "const ASSETS: &[EmbeddedAsset] = &[")?;
    for (number, file) in source_tree::files(folder)?.iter().enumerate() {
        let Some((_, compressible)) = media_type::of(&file.name) else {
            return Err(format!(
                "static/{}: no media type is known for this ending; add it to penguin-app/src/media_type.rs",
                file.name
            )
            .into());
        };
        let plain = fs_err::read(&file.path)?;
        writeln!(code, "    EmbeddedAsset {{")?;
        writeln!(code, "        name: {:?},", file.name)?;
        writeln!(code, "        plain: include_bytes!({:?}),", file.path)?;
        writeln!(code, "        encoded: &[")?;
        for coding in Coding::ALL.into_iter().filter(|_| compressible) {
            if let Some(encoded) = coding::encode(coding, effort, &plain) {
                let path = out.join(format!("{number}.{}", coding.name()));
                fs_err::write(&path, encoded)?;
                writeln!(
                    code,
                    "            (Coding::{coding:?}, include_bytes!({path:?})),"
                )?;
            }
        }
        writeln!(code, "        ],\n    }},")?;
    }
    writeln!(code, "];")?;
    Ok(())
}
