//! Values of a template as people write them: `!Ref Vpc`, `!GetAtt Role.Arn`, `{Key: a, Value: b}`.

use serde_json::{Map, Value as Json};

use crate::console::wrapped;

/// The name and the argument of an intrinsic function, if the value is one.
pub(super) fn function(value: &Json) -> Option<(&str, &Json)> {
    let map = value.as_object().filter(|map| map.len() == 1)?;
    let (name, argument) = map.iter().next()?;
    let short = name.strip_prefix("Fn::");
    match name.as_str() {
        "Ref" | "Condition" => Some((name, argument)),
        _ => short.map(|short| (short, argument)),
    }
}

/// True if what the value will be is not to be read in the template.
pub(super) fn is_dynamic(value: &Json) -> bool {
    function(value).is_some()
        || match value {
            Json::Array(items) => items.iter().any(is_dynamic),
            Json::Object(map) => map.values().any(is_dynamic),
            _ => false,
        }
}

/// The value on one line.
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

/// A text as it is, unless it would be taken for something else.
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

/// The value on as many lines as it takes, none wider than `width` where that can be helped.
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

/// An item of a list: its first line after `mark`, the others below it.
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

/// A text of several lines, also within `Fn::Sub`.
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
    fn functions_read_as_they_are_written_by_hand() {
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
    fn what_does_not_fit_goes_below() {
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
