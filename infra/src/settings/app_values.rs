//! Validation of single values of `[app]`: paths, times, variables, references to secrets.

use std::time::Duration;

use toml::de::DeValue;

use super::check;
use super::document::{ValueError, string};
use crate::service::{APP_VARIABLES, Secret};

/// Longest stop timeout of a Fargate container, in seconds.
const LONGEST_STOP: u64 = 120;
/// Shortest stop timeout: the drain ends 2 s before it.
const SHORTEST_STOP: u64 = 3;

/// Parses a path of HTTP requests.
pub(super) fn path(value: &DeValue<'_>) -> Result<String, ValueError> {
    let text = string(value)?;
    let plain = text
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#' | b'%' | b'"' | b'\\'));
    if text.starts_with('/') && plain {
        Ok(text)
    } else {
        Err(ValueError::new("is not a path").remedy("example: `/health`"))
    }
}

/// Parses the path of a Dockerfile, relative to the workspace.
pub(super) fn dockerfile(value: &DeValue<'_>) -> Result<String, ValueError> {
    let text = check::name(200, "letters, digits and `.`, `-`, `_` and `/`", |character| {
        character.is_ascii_alphanumeric() || ".-_/".contains(character)
    })(value)?;
    if text.split('/').any(|part| matches!(part, "" | "." | "..")) || text.starts_with('-') {
        return Err(ValueError::new("is not a file below the workspace root")
            .remedy("write its path from there, for example `flask/Dockerfile`"));
    }
    Ok(text)
}

/// Parses a stop timeout.
pub(super) fn stop_timeout(value: &DeValue<'_>) -> Result<Duration, ValueError> {
    let remedy = format!(
        "write whole seconds from \"{SHORTEST_STOP}s\" to \"{LONGEST_STOP}s\", the maximum of Fargate"
    );
    let text = string(value).map_err(|error| ValueError::new(error.problem).remedy(remedy.clone()))?;
    let Ok(time) = humantime::parse_duration(&text) else {
        return Err(ValueError::new("is not a duration").remedy(remedy));
    };
    if time.subsec_nanos() == 0 && (SHORTEST_STOP..=LONGEST_STOP).contains(&time.as_secs()) {
        Ok(time)
    } else {
        Err(ValueError::new("is out of range").remedy(remedy))
    }
}

/// Parses a command: a list of words.
pub(super) fn command(value: &DeValue<'_>) -> Result<Vec<String>, ValueError> {
    words(value, "example: `command = [\"python3\", \"app.py\"]`")
}

/// Parses a list of words.
pub(super) fn words(value: &DeValue<'_>, remedy: &str) -> Result<Vec<String>, ValueError> {
    let error = || ValueError::new("is not a list of words").remedy(remedy);
    let DeValue::Array(words) = value else {
        return Err(error());
    };
    let words: Result<Vec<_>, _> = words.iter().map(|word| text(word.get_ref())).collect();
    match words {
        Ok(words) if words.first().is_some_and(|first| !first.is_empty()) => Ok(words),
        _ => Err(error()),
    }
}

/// Parses the value of a variable.
pub(super) fn text(value: &DeValue<'_>) -> Result<String, ValueError> {
    if matches!(value, DeValue::String(text) if text.is_empty()) {
        return Ok(String::new());
    }
    let text = string(value)?;
    // CloudFormation stores templates as ASCII; other characters come back as `?` and would always differ.
    if text
        .chars()
        .all(|letter| letter.is_ascii() && !letter.is_ascii_control())
    {
        Ok(text)
    } else {
        Err(
            ValueError::new("contains a line break or a character that CloudFormation does not keep")
                .remedy("use printable ASCII characters, or store the value as a secret"),
        )
    }
}

/// Checks the name of a variable of the app.
pub(super) fn app_variable(name: &str) -> Result<(), ValueError> {
    if let Some((_, remedy)) = APP_VARIABLES.iter().find(|(known, _)| *known == name) {
        return Err(ValueError::new("is set by infra").remedy(*remedy));
    }
    let first = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    let rest = name
        .chars()
        .all(|character| character.is_ascii_alphanumeric() || character == '_');
    if first && rest {
        return Ok(());
    }
    let better: String = name
        .chars()
        .map(|character| {
            if character.is_ascii_alphanumeric() {
                character
            } else {
                '_'
            }
        })
        .collect();
    Err(ValueError::new("is not the name of an environment variable")
        .remedy(format!("use letters, digits and `_`, for example `{better}`")))
}

/// Parses a reference to a secret. Errors do not contain the value, which may be the secret itself.
pub(super) fn secret(value: &DeValue<'_>) -> Result<Secret, ValueError> {
    let text = string(value)?;
    if let Some(path) = text.strip_prefix("ssm:") {
        let allowed = |character: char| character.is_ascii_alphanumeric() || ".-_/".contains(character);
        let whole = path.split('/').skip(1).all(|part| !part.is_empty());
        return if path.starts_with('/') && path.len() <= 1011 && whole && path.chars().all(allowed) {
            Ok(Secret::Parameter {
                path: path.to_owned(),
            })
        } else {
            Err(ValueError::new("is not the path of an SSM parameter")
                .remedy("write `ssm:/PATH`: letters, digits, `.`, `-`, `_` and `/`"))
        };
    }
    if let Some(reference) = text.strip_prefix("secretsmanager:") {
        return secrets_manager(reference);
    }
    Err(ValueError::new("is not a reference to a secret").remedy(
        "store the value in SSM or Secrets Manager, and write `ssm:/PATH` or `secretsmanager:NAME[:JSON-KEY]` here",
    ))
}

fn secrets_manager(reference: &str) -> Result<Secret, ValueError> {
    let (name, json_key) = match reference.split_once(':') {
        Some((name, key)) => (name, Some(key)),
        None => (reference, None),
    };
    let allowed = |character: char| character.is_ascii_alphanumeric() || "/_+=.@-".contains(character);
    let named = !name.is_empty() && name.len() <= 512 && name.chars().all(allowed);
    let keyed = json_key.is_none_or(|key| {
        !key.is_empty()
            && key
                .chars()
                .all(|character| character.is_ascii_graphic() && !":\"\\".contains(character))
    });
    if !named || !keyed {
        return Err(ValueError::new("is not a reference to Secrets Manager")
            .remedy("write `secretsmanager:NAME` or `secretsmanager:NAME:JSON-KEY`, without the ARN"));
    }
    // https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot.html: such a partial ARN is taken for a whole one.
    let suffix = name.rsplit_once('-').is_some_and(|(_, last)| last.len() == 6);
    if suffix {
        return Err(ValueError::new(
            "names a secret that ends with a hyphen and six characters, which AWS takes for the end of its ARN",
        )
        .remedy("give the secret another name, for example with a `.` in place of the hyphen"));
    }
    Ok(Secret::SecretsManager {
        name: name.to_owned(),
        json_key: json_key.map(str::to_owned),
    })
}

/// Parses the ARN of a KMS key.
pub(super) fn key(value: &DeValue<'_>) -> Result<String, ValueError> {
    let example = "arn:aws:kms:eu-central-1:123456789012:key/…";
    let text = check::arn(&["kms"], example)(value)?;
    if text.contains(":key/") {
        Ok(text)
    } else {
        // IAM knows keys, not their aliases.
        Err(ValueError::new("is not the ARN of a key").remedy(format!("example: `{example}`")))
    }
}
