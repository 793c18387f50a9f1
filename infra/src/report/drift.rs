//! Drifted resources as text.

use super::progress_table::fit;
use crate::console::{Paint, Style};
use crate::deployment::drift::{Drifted, DriftedProperty};

/// Returns manual changes as lines; empty if there are none.
pub fn lines(drifted: &[Drifted], paint: Paint) -> Vec<String> {
    if drifted.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![paint.apply(Style::Bold, "  manual changes (drift):")];
    for one in drifted {
        let kind = one.kind.strip_prefix("AWS::").unwrap_or(&one.kind);
        let gone = if one.deleted { ": deleted" } else { "" };
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
    fn drift_lists_changed_properties_and_deleted_resources() {
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
          manual changes (drift):
            Service (ECS::Service)
              /HealthCheckGracePeriodSeconds: 60 → 0
            ErrorsAlarm (CloudWatch::Alarm): deleted
        ");
        assert!(lines(&[], Paint::new(false)).is_empty());
    }
}
