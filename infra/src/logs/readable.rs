//! Formats JSON log lines for reading, and removes terminal control characters.

use std::fmt::Write as _;

use serde_json::{Map, Value};

/// Formats a JSON line: message first, then fields; the time has its own column. Other lines stay unchanged.
pub fn readable(message: &str) -> String {
    let message = message.trim_end();
    match serde_json::from_str::<Value>(message) {
        Ok(Value::Object(fields)) if !fields.is_empty() => {
            clean(&request(&fields).unwrap_or_else(|| sentence(&fields)))
        }
        _ => clean(message),
    }
}

/// Formats a request of the proxy's access log like its text format.
fn request(fields: &Map<String, Value>) -> Option<String> {
    let text = |key: &str| fields.get(key).and_then(Value::as_str);
    let number = |key: &str| fields.get(key).filter(|value| value.is_number());
    let mut line = format!("{} {} {}", number("status")?, text("method")?, text("target")?);
    if let Some((bytes, took)) = number("bytes_out").zip(number("total_ms")) {
        let _ = write!(line, " {bytes} B in {took} ms");
    }
    if let Some(end) = text("end").filter(|end| *end != "ok") {
        let _ = write!(line, " [{end}]");
    }
    if let Some(rule) = text("rule") {
        let _ = write!(line, " {rule}");
    }
    if let Some(error) = text("error") {
        let _ = write!(line, ": {error}");
    }
    if let Some(id) = text("request_id") {
        let _ = write!(line, " request_id={id}");
    }
    Some(line)
}

fn sentence(fields: &Map<String, Value>) -> String {
    let text = |key: &str| fields.get(key).and_then(Value::as_str).unwrap_or_default();
    let mut line = String::new();
    for word in [text("level"), text("message")] {
        if !word.is_empty() {
            line.push_str(word);
            line.push(' ');
        }
    }
    for (key, value) in fields {
        if ["level", "message", "timestamp", "time", "at"].contains(&key.as_str()) || value.is_null() {
            continue;
        }
        let shown = match value {
            Value::String(text) if needs_quotes(text) => format!("{text:?}"),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let _ = write!(line, "{key}={shown} ");
    }
    line.trim_end().to_owned()
}

fn needs_quotes(text: &str) -> bool {
    text.is_empty() || text.contains(|c: char| c.is_whitespace() || c == '"' || c == '=')
}

/// Replaces terminal control characters: clients choose part of the logged text.
pub fn clean(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\t' => ' ',
            c if c.is_control() => '\u{fffd}',
            // Bidirectional control characters can make a line look like another.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
            c => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_becomes_a_sentence() {
        assert_eq!(
            readable(
                r#"{"timestamp":"2026-11-24T10:00:00Z","level":"INFO","message":"listening","address":"0.0.0.0:3000","pages":10,"note":"a b","none":null}"#
            ),
            r#"INFO listening address=0.0.0.0:3000 note="a b" pages=10"#
        );
        assert_eq!(readable("plain words\n"), "plain words");
        assert_eq!(readable("[1,2]"), "[1,2]");
        assert_eq!(readable("{}"), "{}");
    }

    #[test]
    fn request_line_has_the_text_format_of_the_proxy() {
        assert_eq!(
            readable(
                r#"{"time":"2026-11-24T10:00:00Z","client":"203.0.113.7","method":"GET","target":"/a","status":502,"end":"upstream.wait.closed","bytes_out":120,"total_ms":3.25,"request_id":"0af7","error":"connection closed"}"#
            ),
            "502 GET /a 120 B in 3.25 ms [upstream.wait.closed]: connection closed request_id=0af7"
        );
    }

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(clean("a\u{1b}[2Jb\u{202e}c\td"), "a\u{fffd}[2Jb\u{fffd}c d");
        assert_eq!(
            readable(r#"{"message":"x","agent":"\u001b]0;title\u0007"}"#),
            "x agent=\u{fffd}]0;title\u{fffd}"
        );
    }
}
