//! Changed stack parameters as text.

use super::progress_table::fit;
use crate::console::{Paint, Style};
use crate::deployment::parameters::ParameterChange;

/// Returns the changes as lines; empty if there are none.
pub fn lines(changes: &[ParameterChange], paint: Paint) -> Vec<String> {
    if changes.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![paint.apply(Style::Bold, "  parameters:")];
    for change in changes {
        lines.push(fit(&format!("    {}", change.parameter)));
        lines.push(paint.apply(Style::Red, &fit(&format!("      - {}", change.before))));
        lines.push(paint.apply(Style::Green, &fit(&format!("      + {}", change.after))));
    }
    lines
}
