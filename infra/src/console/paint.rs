//! Colour, or none: the few styles that the tool uses.
//!
//! Output must read without any of them; they only help the eye.

/// A style, named as terminals name it, so that the person's own palette applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Headings, names that matter.
    Bold,
    /// What can be skipped.
    Dim,
    /// Errors, deletions.
    Red,
    /// Success, additions.
    Green,
    /// Warnings, changes.
    Yellow,
    /// Remedies, links.
    Cyan,
    /// A second voice beside cyan.
    Magenta,
}

impl Style {
    fn code(self) -> u8 {
        match self {
            Self::Bold => 1,
            Self::Dim => 2,
            Self::Red => 31,
            Self::Green => 32,
            Self::Yellow => 33,
            Self::Magenta => 35,
            Self::Cyan => 36,
        }
    }
}

/// Colours text, or leaves it alone.
#[derive(Clone, Copy, Debug)]
pub struct Paint {
    on: bool,
}

impl Paint {
    /// A paint that colours if `on`.
    pub fn new(on: bool) -> Self {
        Self { on }
    }

    /// True if it colours.
    pub fn is_on(self) -> bool {
        self.on
    }

    /// The text in that style.
    pub fn apply(self, style: Style, text: &str) -> String {
        if self.on {
            format!("\x1b[{}m{text}\x1b[0m", style.code())
        } else {
            text.to_owned()
        }
    }
}
