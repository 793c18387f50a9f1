//! What AWS takes: names, addresses, ARNs, pairs of CPU and memory.

use std::str::FromStr;

use toml::de::DeValue;

use super::document::{Complaint, string};
use crate::cfn::logs::RETENTIONS;

/// A text of which all characters are in `allowed` and which is neither empty nor longer than `longest`.
pub(super) fn name(
    longest: usize,
    allowed: &'static str,
    fits: impl Fn(char) -> bool,
) -> impl Fn(&DeValue<'_>) -> Result<String, Complaint> {
    move |value| {
        let text = string(value)?;
        if let Some(bad) = text.chars().find(|character| !fits(*character)) {
            return Err(Complaint::new(format!("holds `{bad}`")).remedy(format!("use {allowed}")));
        }
        if text.chars().count() > longest {
            return Err(Complaint::new(format!("is longer than {longest} characters")).remedy("shorten it"));
        }
        Ok(text)
    }
}

/// A name that goes into names of repositories, roles and log groups.
pub(super) fn project_name(value: &DeValue<'_>) -> Result<String, Complaint> {
    // 24: the longest name that is made of it is that of the connection, 32 characters at most.
    let text = name(24, "lower-case letters, digits and hyphens", |character| {
        character.is_ascii_lowercase() || character.is_ascii_digit() || character == '-'
    })(value)?;
    let well_formed = text.starts_with(|first: char| first.is_ascii_lowercase())
        && !text.ends_with('-')
        && !text.contains("--");
    // Parameters of these names belong to AWS.
    let reserved = text.starts_with("aws") || text.starts_with("ssm");
    if well_formed && !reserved {
        return Ok(text);
    }
    Err(Complaint::new(if reserved {
        "begins with a word that AWS keeps for itself"
    } else {
        "must begin with a letter, and have no hyphen at its end nor two in a row"
    })
    .remedy("choose another, like `penguin-school`"))
}

/// The beginning of the name of a stack.
pub(super) fn stack_prefix(value: &DeValue<'_>) -> Result<String, Complaint> {
    if matches!(value, DeValue::String(text) if text.is_empty()) {
        return Ok(String::new());
    }
    let text = name(40, "letters, digits and hyphens", |character| {
        character.is_ascii_alphanumeric() || character == '-'
    })(value)?;
    if text.starts_with(|first: char| first.is_ascii_alphabetic()) {
        Ok(text)
    } else {
        Err(Complaint::new("must begin with a letter"))
    }
}

/// A region, by its shape: there are new ones every year.
pub(super) fn region(value: &DeValue<'_>) -> Result<String, Complaint> {
    let text = string(value)?;
    let parts: Vec<_> = text.split('-').collect();
    let letters = |part: &&str| part.len() >= 2 && part.chars().all(|letter| letter.is_ascii_lowercase());
    let number = |part: &str| part.len() == 1 && part.chars().all(|digit| digit.is_ascii_digit());
    match parts.as_slice() {
        [places @ .., last] if places.len() >= 2 && places.iter().all(letters) && number(last) => Ok(text),
        _ => Err(Complaint::new("is not the name of a region").remedy("one looks like `eu-central-1`")),
    }
}

/// An account: twelve digits. In quotes, since some begin with zero.
pub(super) fn account(value: &DeValue<'_>) -> Result<String, Complaint> {
    let complaint = || Complaint::new("is no account id").remedy("give its twelve digits, in quotes");
    let text = string(value).map_err(|_| complaint())?;
    if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(text)
    } else {
        Err(complaint())
    }
}

/// An ARN of a resource of `service`.
pub(super) fn arn(
    services: &'static [&'static str],
    example: &'static str,
) -> impl Fn(&DeValue<'_>) -> Result<String, Complaint> {
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
            _ => Err(Complaint::new("is not the ARN that belongs here")
                .remedy(format!("one looks like `{example}`"))),
        }
    }
}

/// An e-mail address, as far as its shape tells.
pub(super) fn email(value: &DeValue<'_>) -> Result<String, Complaint> {
    let text = string(value)?;
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
        Err(Complaint::new("is not an e-mail address").remedy("one looks like `team@example.com`"))
    }
}

/// A host name of a site.
pub(super) fn domain(value: &DeValue<'_>) -> Result<String, Complaint> {
    let text = string(value)?;
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .chars()
                .all(|character| character.is_ascii_alphanumeric() || character == '-')
    };
    if text.contains('.') && text.len() <= 253 && text.split('.').all(label) {
        Ok(text.to_lowercase())
    } else {
        Err(Complaint::new("is not a domain name")
            .remedy("give the name alone, like `penguins.example`, without `https://`"))
    }
}

/// The name of an SSM parameter.
pub(super) fn parameter_name(value: &DeValue<'_>) -> Result<String, Complaint> {
    let text = name(
        200,
        "letters, digits and the characters `.`, `-`, `_` and `/`",
        |character| character.is_ascii_alphanumeric() || ".-_/".contains(character),
    )(value)?;
    if text.contains('/') && !text.starts_with('/') {
        return Err(
            Complaint::new("has a path that does not begin with `/`").remedy(format!("write `/{text}`"))
        );
    }
    let bare = text.trim_start_matches('/').to_lowercase();
    if bare.starts_with("aws") || bare.starts_with("ssm") {
        return Err(Complaint::new("begins with a word that AWS keeps for itself").remedy("choose another"));
    }
    Ok(text)
}

/// A time zone, by its shape: the list of them belongs to others.
pub(super) fn time_zone(value: &DeValue<'_>) -> Result<String, Complaint> {
    let text = string(value)?;
    let known = matches!(text.as_str(), "UTC" | "GMT");
    let shaped = text.contains('/')
        && text.split('/').all(|part| !part.is_empty())
        && text
            .chars()
            .all(|character| character.is_ascii_alphanumeric() || "/_-+".contains(character));
    if known || shaped {
        Ok(text)
    } else {
        Err(Complaint::new("is not a time zone").remedy("give `UTC` or a name like `Europe/Oslo`"))
    }
}

/// Days for which CloudWatch can keep logs.
pub(super) fn retention(value: &DeValue<'_>) -> Result<u16, Complaint> {
    let days = super::document::number(1_u16..=3653)(value)?;
    if RETENTIONS.contains(&days) {
        return Ok(days);
    }
    // The next longer one: nothing is lost that was to be kept.
    let next = RETENTIONS.iter().find(|known| **known > days).unwrap_or(&3653);
    Err(
        Complaint::new("is a number of days that CloudWatch does not know")
            .remedy(format!("the next longer one is {next}")),
    )
}

/// A text that parses, where the error says what is wrong.
pub(super) fn parsed<T: FromStr<Err: std::fmt::Display>>(value: &DeValue<'_>) -> Result<T, Complaint> {
    string(value)?
        .parse()
        .map_err(|error: T::Err| Complaint::new(error.to_string()))
}

/// The CPU units that Fargate has.
pub(super) const CPU: [u32; 7] = [256, 512, 1024, 2048, 4096, 8192, 16384];

/// The CPU units, from the file.
pub(super) fn cpu(value: &DeValue<'_>) -> Result<u32, Complaint> {
    let known: Vec<_> = CPU.iter().map(u32::to_string).collect();
    let remedy = format!("choose one of {} (1024 are one core)", known.join(", "));
    let units = super::document::number(1_u32..=16384)(value)
        .map_err(|complaint| Complaint::new(complaint.problem).remedy(remedy.clone()))?;
    if CPU.contains(&units) {
        Ok(units)
    } else {
        Err(Complaint::new("is a size that Fargate does not have").remedy(remedy))
    }
}

/// The sizes of memory, in MiB, that Fargate has for a size of CPU: first, last, step.
pub(super) fn memory_for(cpu: u32) -> (u32, u32, u32) {
    match cpu {
        // 512, 1024 and 2048, see `fits`.
        256 => (512, 2048, 512),
        512 => (1024, 4096, 1024),
        1024 => (2048, 8192, 1024),
        2048 => (4096, 16384, 1024),
        4096 => (8192, 30720, 1024),
        8192 => (16384, 61440, 4096),
        _ => (32768, 122_880, 8192),
    }
}

/// True if Fargate has tasks of this size.
pub(super) fn fits(cpu: u32, memory: u32) -> bool {
    let (first, last, step) = memory_for(cpu);
    (first..=last).contains(&memory) && memory.is_multiple_of(step) && !(cpu == 256 && memory == 1536)
}
