//! Property values in YAML short form: `!Ref Vpc`, `!GetAtt Role.Arn`, `{Key: a, Value: b}`.

use serde_json::{Map, Value as Json};

use crate::console::wrapped;

/// Returns name and argument of an intrinsic function.
pub(super) fn function(value: &Json) -> Option<(&str, &Json)> {
    let map = value.as_object().filter(|map| map.len() == 1)?;
    let (name, argument) = map.iter().next()?;
    let short = name.strip_prefix("Fn::");
    match name.as_str() {
        "Ref" | "Condition" => Some((name, argument)),
        _ => short.map(|short| (short, argument)),
    }
}

/// Returns true if the value is only known at deployment.
pub(super) fn is_dynamic(value: &Json) -> bool {
    function(value).is_some()
        || match value {
            Json::Array(items) => items.iter().any(is_dynamic),
            Json::Object(map) => map.values().any(is_dynamic),
            _ => false,
        }
}

/// Formats the value on one line.
pub fn inline(value: &Json) -> String {
    if let Some((name, argument)) = function(value) {
        return match (name, argument) {
            ("GetAtt", Json::Array(parts)) => {
                let parts: Vec<_> = parts.iter().map(bare).collect();
                format!("!GetAtt {}", parts.join("."))
            }
            (_, Json::String(text)) => format!("!{name} {text}"),
            _ => format!("!{name} {}", inline(argument)),
        };
    }
    match value {
        Json::String(text) => quoted(text),
        Json::Array(items) => {
            let items: Vec<_> = items.iter().map(inline).collect();
            format!("[{}]", items.join(", "))
        }
        Json::Object(map) => {
            let entries: Vec<_> = map
                .iter()
                .map(|(key, value)| format!("{key}: {}", inline(value)))
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
        other => other.to_string(),
    }
}

fn bare(value: &Json) -> String {
    value.as_str().map_or_else(|| inline(value), str::to_owned)
}

/// Quotes a string if YAML would read it differently.
fn quoted(text: &str) -> String {
    let misread = text.is_empty()
        || text != text.trim()
        || text.starts_with(['!', '[', '{', '"'])
        || text.contains('\n')
        || text.parse::<f64>().is_ok()
        || matches!(text, "true" | "false" | "null");
    if misread {
        Json::String(text.to_owned()).to_string()
    } else {
        text.to_owned()
    }
}

/// Formats the value on several lines, at most `width` wide where possible.
pub(super) fn block(value: &Json, width: usize) -> Vec<String> {
    if let Some(text) = long_text(value) {
        return text.lines().map(str::to_owned).collect();
    }
    let short = inline(value);
    if short.chars().count() <= width {
        return vec![short];
    }
    if let Some((name, argument)) = function(value).filter(|(_, argument)| !argument.is_string()) {
        let mut lines = vec![format!("!{name}")];
        lines.extend(
            block(argument, width.saturating_sub(2))
                .into_iter()
                .map(|line| format!("  {line}")),
        );
        return lines;
    }
    match value {
        Json::Array(items) => items.iter().flat_map(|item| entry("- ", item, width)).collect(),
        Json::Object(map) => of_map(map, width),
        _ => wrapped(&short, width),
    }
}

fn of_map(map: &Map<String, Json>, width: usize) -> Vec<String> {
    map.iter()
        .flat_map(|(key, value)| {
            let line = format!("{key}: {}", inline(value));
            if line.chars().count() <= width && long_text(value).is_none() {
                return vec![line];
            }
            let mut lines = vec![format!("{key}:")];
            lines.extend(
                block(value, width.saturating_sub(2))
                    .into_iter()
                    .map(|line| format!("  {line}")),
            );
            lines
        })
        .collect()
}

/// Formats a list item: its first line after `mark`, the others below.
fn entry(mark: &str, value: &Json, width: usize) -> Vec<String> {
    block(value, width.saturating_sub(mark.len()))
        .into_iter()
        .enumerate()
        .map(|(index, line)| {
            let before = if index == 0 { mark } else { "  " };
            format!("{before}{line}")
        })
        .collect()
}

/// Returns a multi-line string, also inside `Fn::Sub`.
pub(super) fn long_text(value: &Json) -> Option<&str> {
    let text = match function(value) {
        Some(("Sub", argument)) => argument.as_str(),
        _ => value.as_str(),
    };
    text.filter(|text| text.trim_end().contains('\n'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn functions_use_yaml_short_form() {
        for (value, text) in [
            (json!({"Ref": "Vpc"}), "!Ref Vpc"),
            (json!({"Fn::GetAtt": ["Role", "Arn"]}), "!GetAtt Role.Arn"),
            (json!({"Fn::GetAtt": "Role.Arn"}), "!GetAtt Role.Arn"),
            (json!({"Fn::Sub": "${Bucket.Arn}/*"}), "!Sub ${Bucket.Arn}/*"),
            (
                json!({"Fn::Select": [0, {"Fn::GetAZs": ""}]}),
                "!Select [0, !GetAZs ]",
            ),
            (json!(["a", {"Ref": "B"}]), "[a, !Ref B]"),
            (json!({"Key": "a", "Value": "1"}), "{Key: a, Value: \"1\"}"),
            (json!("true"), "\"true\""),
            (json!(true), "true"),
            (json!(""), "\"\""),
        ] {
            assert_eq!(inline(&value), text);
        }
    }

    #[test]
    fn long_values_continue_below() {
        let value = json!({"Statement": [{"Action": ["ecs:UpdateService", "ecs:DescribeServices"], "Effect": "Allow"}]});
        assert_eq!(
            block(&value, 40),
            [
                "Statement:",
                "  - Action:",
                "      - ecs:UpdateService",
                "      - ecs:DescribeServices",
                "    Effect: Allow",
            ]
        );
    }
}
