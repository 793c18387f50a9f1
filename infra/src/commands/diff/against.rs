//! The templates that ours are compared with: a file, or a folder of `STACK.template.json`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::Value as Json;

use crate::exit::{ExitStatus, Failure};
use crate::stacks::Stack;

/// What the names of templates end with, the longest first.
const ENDINGS: [&str; 2] = [".template.json", ".json"];

/// Templates, by the name of their stack.
pub(super) struct Against {
    files: BTreeMap<String, PathBuf>,
}

impl Against {
    /// Looks at `path`; a file is the template of the one stack that is meant, or of the stack that it is named after.
    pub(super) fn open(path: &Path, stacks: &[&Stack]) -> Result<Self> {
        if path.is_dir() {
            return Self::folder(path);
        }
        if !path.exists() {
            return Err(Failure::failed(format!("there is no {}", path.display()))
                .hint("`infra synth --out DIR` writes templates to compare with later")
                .into());
        }
        let name = match stacks {
            [one] => one.name.clone(),
            _ => stack_of(path)
                .filter(|name| stacks.iter().any(|stack| stack.name == *name))
                .ok_or_else(|| {
                    Failure::new(
                        ExitStatus::Usage,
                        format!(
                            "{} is one template, and {} stacks are meant",
                            path.display(),
                            stacks.len()
                        ),
                    )
                    .hint("name the stack that it belongs to: `infra diff STACK --against …`")
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
            return Err(Failure::failed(format!("{} holds no templates", path.display()))
                .hint("a template is named STACK.template.json, as `infra synth` writes them")
                .into());
        }
        Ok(Self { files })
    }

    /// The template of a stack, if there is one.
    pub(super) fn template(&self, stack: &str) -> Result<Option<Json>> {
        self.files.get(stack).map(|file| read(file)).transpose()
    }

    /// The templates of stacks that are not among `stacks`. Other JSON that lies there is not meant.
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
        let failure = Failure::failed(format!("{} is no template in JSON", file.display())).caused_by(error);
        let yaml = text.contains("Resources:");
        if yaml {
            failure.hint("templates in YAML are not read; `cfn-flip FILE` makes JSON of one")
        } else {
            failure
        }
    })?;
    if json.get("Resources").is_some_and(Json::is_object) {
        Ok(json)
    } else {
        Err(Failure::failed(format!("{} is no template: it has no Resources", file.display())).into())
    }
}
