//! What a deployment opens up, where the question is asked: rights, network ways, addresses that were closed before.

use crate::console::{Paint, Style};
use crate::plan::{Area, Broadening, broadening_lines};

/// What is opened up by a change of `stack`, in lines; `None` is what cannot be told.
///
/// All of it where the stack is there already. Of a new one, where everything is new, only what is open to the world and
/// the rights that know no bounds; the rest is counted.
pub fn lines(opened: Option<&[Broadening]>, creates: bool, stack: &str, paint: Paint) -> Vec<String> {
    let Some(opened) = opened else {
        let warning = paint.apply(Style::Yellow, "warning:");
        return vec![format!(
            "  {warning} what this opens up is not known: its deployed template cannot be read"
        )];
    };
    let told = |row: &&Broadening| !creates || row.area != Area::Rights || row.wildcard;
    let shown: Vec<_> = opened.iter().filter(told).cloned().collect();
    let mut lines = broadening_lines(&shown, paint);
    let left = opened.len() - shown.len();
    if left > 0 {
        let rights = if left == 1 {
            "bounded right"
        } else {
            "bounded rights"
        };
        let indent = if shown.is_empty() { "  opens up: " } else { "    " };
        lines.push(format!(
            "{indent}{left} {rights} besides: `infra diff {stack}` shows them"
        ));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(area: Area, change: &str, wildcard: bool) -> Broadening {
        Broadening {
            area,
            resource: "Role".into(),
            change: change.into(),
            wildcard,
        }
    }

    fn told(opened: Option<&[Broadening]>, creates: bool) -> String {
        lines(opened, creates, "DevCluster", Paint::new(false)).join("\n")
    }

    #[test]
    fn of_a_change_everything_is_told() {
        let rows = [
            row(Area::Rights, "may s3:GetObject on x", false),
            row(Area::Network, "lets in tcp 22 from anywhere", true),
        ];
        let all = told(Some(&rows), false);
        assert!(all.contains("s3:GetObject") && all.contains("tcp 22"), "{all}");
        assert_eq!(told(Some(&[]), false), "");
    }

    #[test]
    fn of_a_new_stack_what_is_bounded_is_counted() {
        let rows = [
            row(Area::Rights, "may s3:GetObject on x", false),
            row(Area::Rights, "may ecr:GetAuthorizationToken on *", true),
        ];
        let some = told(Some(&rows), true);
        assert!(some.contains("on *") && !some.contains("s3:GetObject"), "{some}");
        assert!(
            some.ends_with("    1 bounded right besides: `infra diff DevCluster` shows them"),
            "{some}"
        );
        assert_eq!(
            told(Some(&rows[..1]), true),
            "  opens up: 1 bounded right besides: `infra diff DevCluster` shows them"
        );
    }

    #[test]
    fn what_cannot_be_told_is_not_passed_over() {
        assert!(told(None, false).contains("warning: what this opens up is not known"));
    }
}
