//! What was changed by hand: resources that are no longer as their stack made them.
//!
//! It must not know how this was found out.

use serde::Serialize;

use crate::console::{Paint, Style};
use crate::deploy::table::fit;

/// A resource that is not as its stack made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Drifted {
    /// Its logical id.
    pub resource: String,
    /// Its type.
    pub kind: String,
    /// It is gone altogether.
    pub deleted: bool,
    /// What differs, if it is there.
    pub properties: Vec<DriftedProperty>,
}

/// A property that was changed by hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DriftedProperty {
    /// Where, as `/Tags/0/Value`.
    pub path: String,
    /// What the stack made it.
    pub expected: String,
    /// What it is.
    pub actual: String,
}

/// What was changed by hand, in lines; nothing if nothing was.
pub fn lines(drifted: &[Drifted], paint: Paint) -> Vec<String> {
    if drifted.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![paint.apply(Style::Bold, "  changed by hand:")];
    for one in drifted {
        let kind = one.kind.strip_prefix("AWS::").unwrap_or(&one.kind);
        let gone = if one.deleted { ": it is gone" } else { "" };
        let text = fit(&format!("    {} ({kind}){gone}", one.resource));
        lines.push(paint.apply(if one.deleted { Style::Red } else { Style::Yellow }, &text));
        for property in &one.properties {
            let DriftedProperty {
                path,
                expected,
                actual,
            } = property;
            lines.push(fit(&format!("      {path}: {expected} → {actual}")));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_changed_is_shown_and_nothing_is_nothing() {
        let drifted = [
            Drifted {
                resource: "Service".into(),
                kind: "AWS::ECS::Service".into(),
                deleted: false,
                properties: vec![DriftedProperty {
                    path: "/HealthCheckGracePeriodSeconds".into(),
                    expected: "60".into(),
                    actual: "0".into(),
                }],
            },
            Drifted {
                resource: "ErrorsAlarm".into(),
                kind: "AWS::CloudWatch::Alarm".into(),
                deleted: true,
                properties: Vec::new(),
            },
        ];
        insta::assert_snapshot!(lines(&drifted, Paint::new(false)).join("\n"), @r"
          changed by hand:
            Service (ECS::Service)
              /HealthCheckGracePeriodSeconds: 60 → 0
            ErrorsAlarm (CloudWatch::Alarm): it is gone
        ");
        assert!(lines(&[], Paint::new(false)).is_empty());
    }
}
