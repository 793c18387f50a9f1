//! Baseline templates from `--against`: a file, or a directory of `STACK.template.json` files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::Value as Json;

use crate::exit::{ExitStatus, Failure};
use crate::stacks::Stack;

/// Template file name suffixes, longest first.
const ENDINGS: [&str; 2] = [".template.json", ".json"];

/// Template files by stack name.
pub(super) struct Against {
    files: BTreeMap<String, PathBuf>,
}

impl Against {
    /// Opens `path`. A single file belongs to the only selected stack, or to the stack in its name.
    pub(super) fn open(path: &Path, stacks: &[&Stack]) -> Result<Self> {
        if path.is_dir() {
            return Self::folder(path);
        }
        if !path.exists() {
            return Err(
                Failure::failed(format!("no such file or directory: {}", path.display()))
                    .hint("`infra synth --out DIR` writes templates")
                    .into(),
            );
        }
        let name = match stacks {
            [one] => one.name.clone(),
            _ => stack_of(path)
                .filter(|name| stacks.iter().any(|stack| stack.name == *name))
                .ok_or_else(|| {
                    Failure::new(
                        ExitStatus::Usage,
                        format!(
                            "{} is a single template, but {} stacks are selected",
                            path.display(),
                            stacks.len()
                        ),
                    )
                    .hint("name its stack: `infra diff STACK --against …`")
                })?,
        };
        Ok(Self {
            files: BTreeMap::from([(name, path.to_owned())]),
        })
    }

    fn folder(path: &Path) -> Result<Self> {
        let mut files = BTreeMap::new();
        for entry in fs_err::read_dir(path)? {
            let file = entry?.path();
            if let Some(name) = stack_of(&file).filter(|_| file.is_file()) {
                files.insert(name, file);
            }
        }
        if files.is_empty() {
            return Err(Failure::failed(format!("no templates in {}", path.display()))
                .hint("template files are named STACK.template.json; `infra synth` writes them")
                .into());
        }
        Ok(Self { files })
    }

    /// Returns the template of a stack, if there is one.
    pub(super) fn template(&self, stack: &str) -> Result<Option<Json>> {
        self.files.get(stack).map(|file| read(file)).transpose()
    }

    /// Returns the templates of stacks that are not in `stacks`. Other JSON files are ignored.
    pub(super) fn others(&self, stacks: &[&Stack]) -> Result<Vec<(String, Json)>> {
        let mut others = Vec::new();
        for (name, file) in &self.files {
            let is_template = file.to_string_lossy().ends_with(ENDINGS[0]);
            if is_template && !stacks.iter().any(|stack| stack.name == *name) {
                others.push((name.clone(), read(file)?));
            }
        }
        Ok(others)
    }
}

/// `DevAppStack` of `infra.out/DevAppStack.template.json`.
fn stack_of(file: &Path) -> Option<String> {
    let name = file.file_name()?.to_str()?;
    let stem = ENDINGS.iter().find_map(|ending| name.strip_suffix(ending))?;
    Some(stem.to_owned())
}

fn read(file: &Path) -> Result<Json> {
    let text = fs_err::read_to_string(file)?;
    let json: Json = serde_json::from_str(&text).map_err(|error| {
        let failure = Failure::failed(format!("{} is not a JSON template", file.display())).caused_by(error);
        let yaml = text.contains("Resources:");
        if yaml {
            failure.hint("YAML templates are not supported; convert with `cfn-flip FILE`")
        } else {
            failure
        }
    })?;
    if json.get("Resources").is_some_and(Json::is_object) {
        Ok(json)
    } else {
        Err(Failure::failed(format!(
            "{} is not a template: no Resources object",
            file.display()
        ))
        .into())
    }
}
