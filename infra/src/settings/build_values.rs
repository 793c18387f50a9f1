//! Validation of what the pipelines run besides builds: tests of a commit, the command before a release, the smoke test of an
//! environment.

use toml::de::DeValue;

use super::app_values;
use super::document::{ValueError, string};

/// Command that runs once in each environment before the rollout of a release, in a task of its own. A failure stops the
/// release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Before {
    /// Arguments of the image.
    pub command: Vec<String>,
    /// Timeout in minutes, including the start of the task.
    pub minutes: u16,
}

/// Longest command. CodeBuild accepts 5,500 characters for all variables of a project.
const LONGEST_COMMAND: usize = 1000;
/// Timeouts of a build action, in minutes: the minimum of CodeBuild and the maximum of CodePipeline.
const TIMEOUT: std::ops::RangeInclusive<u64> = 5..=480;

/// Parses a shell command, or `false` for none.
pub(super) fn test_command(value: &DeValue<'_>) -> Result<Option<String>, ValueError> {
    const REMEDY: &str =
        "write a command such as `\".ci/test rust\"`, or `false` for a pipeline without tests";
    const SCRIPT: &str = "put the commands into a script of the repository, and write its path here";
    if matches!(value, DeValue::Boolean(false)) {
        return Ok(None);
    }
    let text = string(value).map_err(|error| ValueError::new(error.problem).remedy(REMEDY))?;
    if text.trim().is_empty() {
        return Err(ValueError::new("is empty").remedy(REMEDY));
    }
    let problem = if text.contains(['\n', '\r']) {
        "has several lines".to_owned()
    } else if text
        .chars()
        .any(|letter| !letter.is_ascii() || letter.is_ascii_control())
    {
        // CloudFormation stores templates as ASCII.
        "contains a character that CloudFormation does not keep".to_owned()
    } else if text.contains("{{resolve:") {
        "contains `{{resolve:`, which CloudFormation would replace".to_owned()
    } else if text.len() > LONGEST_COMMAND {
        format!("is longer than {LONGEST_COMMAND} characters")
    } else {
        return Ok(Some(text));
    };
    Err(ValueError::new(problem).remedy(SCRIPT))
}

/// Parses a timeout; returns minutes.
pub(super) fn timeout(value: &DeValue<'_>) -> Result<u16, ValueError> {
    let remedy = "write whole minutes from \"5m\" to \"8h\", for example \"45m\"";
    let text = string(value).map_err(|error| ValueError::new(error.problem).remedy(remedy))?;
    let Ok(time) = humantime::parse_duration(&text) else {
        return Err(ValueError::new("is not a duration").remedy(remedy));
    };
    let minutes = time.as_secs() / 60;
    let whole = time.subsec_nanos() == 0 && time.as_secs().is_multiple_of(60);
    u16::try_from(minutes)
        .ok()
        .filter(|_| whole && TIMEOUT.contains(&minutes))
        .ok_or_else(|| ValueError::new("is out of range").remedy(remedy))
}

/// Parses the command before a release, or `false` for none.
pub(super) fn before(value: &DeValue<'_>) -> Result<Option<Vec<String>>, ValueError> {
    const REMEDY: &str = "example: `before = [\"python3\", \"manage.py\", \"migrate\"]`; no shell runs it; `false`: no command";
    if matches!(value, DeValue::Boolean(false)) {
        return Ok(None);
    }
    app_values::words(value, REMEDY).map(Some)
}

/// Parses the path of a page, or `false` for no smoke test.
pub(super) fn smoke_test(value: &DeValue<'_>) -> Result<Option<String>, ValueError> {
    if matches!(value, DeValue::Boolean(false)) {
        return Ok(None);
    }
    app_values::path(value).map(Some).map_err(|error| {
        ValueError::new(error.problem)
            .remedy("write the path of a page, for example `\"/\"`, or `false` for no smoke test")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(text: &str) -> Option<String> {
        test_command(&DeValue::String(text.into())).ok().flatten()
    }

    #[test]
    fn commands_are_one_line_that_cloudformation_keeps() {
        for fine in [
            ".ci/test rust",
            "a && b | c \"$D\" '#{e}' ${F}",
            &"x".repeat(1000),
        ] {
            assert_eq!(command(fine).as_deref(), Some(fine));
        }
        for wrong in [
            "",
            " ",
            "a\nb",
            "a\tb",
            "tést",
            "a {{resolve:ssm:b}}",
            &"x".repeat(1001),
        ] {
            assert_eq!(command(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn timeouts_are_whole_minutes() {
        let minutes = |text: &str| timeout(&DeValue::String(text.into())).ok();
        assert_eq!(
            ["5m", "1h 30m", "8h"].map(minutes),
            [Some(5), Some(90), Some(480)]
        );
        assert_eq!(
            ["4m", "90s", "481m", "1m 1ms", "soon", ""].map(minutes),
            [None; 6]
        );
    }
}
