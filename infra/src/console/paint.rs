//! ANSI styles. Output must be readable without them.

/// A style of the terminal's own palette.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Headings and important names.
    Bold,
    /// Less important text.
    Dim,
    /// Errors and deletions.
    Red,
    /// Success and additions.
    Green,
    /// Warnings and changes.
    Yellow,
    /// Hints and links.
    Cyan,
    /// Second accent beside cyan.
    Magenta,
}

/// Applies styles, or returns text unchanged.
#[derive(Clone, Copy, Debug)]
pub struct Paint {
    on: bool,
}

impl Paint {
    /// Creates a paint that applies styles if `on`.
    pub fn new(on: bool) -> Self {
        Self { on }
    }

    /// Returns the styled text.
    pub fn apply(self, style: Style, text: &str) -> String {
        let plain = ::console::Style::new().force_styling(self.on);
        let styled = match style {
            Style::Bold => plain.bold(),
            Style::Dim => plain.dim(),
            Style::Red => plain.red(),
            Style::Green => plain.green(),
            Style::Yellow => plain.yellow(),
            Style::Magenta => plain.magenta(),
            Style::Cyan => plain.cyan(),
        };
        styled.apply_to(text).to_string()
    }
}
