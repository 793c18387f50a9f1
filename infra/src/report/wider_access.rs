//! Wider access of a deployment, shown before confirmation: permissions, network access, public endpoints.

use crate::console::{Paint, Style};
use crate::plan::{Area, Widening, widening_lines};

/// Returns the wider access of a change of `stack` as lines; `None` means that it cannot be determined.
///
/// Updates show all of it. New stacks show public access and wildcard permissions; the rest is counted.
pub fn lines(opened: Option<&[Widening]>, creates: bool, stack: &str, paint: Paint) -> Vec<String> {
    let Some(opened) = opened else {
        let warning = paint.apply(Style::Yellow, "warning:");
        return vec![format!(
            "  {warning} cannot determine wider access: cannot read the deployed template"
        )];
    };
    let show = |row: &&Widening| !creates || row.area != Area::Rights || row.wildcard;
    let shown: Vec<_> = opened.iter().filter(show).cloned().collect();
    let mut lines = widening_lines(&shown, paint);
    let left = opened.len() - shown.len();
    if left > 0 {
        let rights = if left == 1 {
            "scoped permission"
        } else {
            "scoped permissions"
        };
        let indent = if shown.is_empty() {
            "  wider access: "
        } else {
            "    "
        };
        lines.push(format!(
            "{indent}{left} {rights} not shown: see `infra diff {stack}`"
        ));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(area: Area, change: &str, wildcard: bool) -> Widening {
        Widening {
            area,
            resource: "Role".into(),
            change: change.into(),
            wildcard,
        }
    }

    fn text(opened: Option<&[Widening]>, creates: bool) -> String {
        lines(opened, creates, "DevCluster", Paint::new(false)).join("\n")
    }

    #[test]
    fn update_shows_all_wider_access() {
        let rows = [
            row(Area::Rights, "may s3:GetObject on x", false),
            row(Area::Network, "lets in tcp 22 from anywhere", true),
        ];
        let all = text(Some(&rows), false);
        assert!(all.contains("s3:GetObject") && all.contains("tcp 22"), "{all}");
        assert_eq!(text(Some(&[]), false), "");
    }

    #[test]
    fn new_stack_counts_scoped_permissions() {
        let rows = [
            row(Area::Rights, "may s3:GetObject on x", false),
            row(Area::Rights, "may ecr:GetAuthorizationToken on *", true),
        ];
        let some = text(Some(&rows), true);
        assert!(some.contains("on *") && !some.contains("s3:GetObject"), "{some}");
        assert!(
            some.ends_with("    1 scoped permission not shown: see `infra diff DevCluster`"),
            "{some}"
        );
        assert_eq!(
            text(Some(&rows[..1]), true),
            "  wider access: 1 scoped permission not shown: see `infra diff DevCluster`"
        );
    }

    #[test]
    fn unknown_access_prints_a_warning() {
        assert!(text(None, false).contains("warning: cannot determine wider access"));
    }
}
