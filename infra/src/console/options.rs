//! Console options: color, verbosity, JSON.

use super::Paint;

/// Console options from the command line.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// When to color output.
    pub color: ColorChoice,
    /// Verbosity.
    pub verbosity: Verbosity,
    /// Print data as JSON.
    pub json: bool,
}

/// When to color output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl ColorChoice {
    /// Applies the choice to a stream.
    pub(super) fn resolve(self, is_terminal: bool) -> Paint {
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Paint::new(self.decide(is_terminal, no_color, dumb))
    }

    fn decide(self, is_terminal: bool, no_color: bool, dumb: bool) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => is_terminal && !no_color && !dumb,
        }
    }
}

/// Amount of output on stderr.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Warnings and errors.
    Quiet,
    /// Progress too.
    #[default]
    Normal,
    /// Details too.
    Verbose,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flag_takes_precedence_over_environment_and_terminal() {
        let paint = |choice: ColorChoice, terminal, no_color| choice.decide(terminal, no_color, false);
        assert!(paint(ColorChoice::Auto, true, false));
        assert!(!paint(ColorChoice::Auto, true, true));
        assert!(!paint(ColorChoice::Auto, false, false));
        assert!(paint(ColorChoice::Always, false, true));
        assert!(!paint(ColorChoice::Never, true, false));
        assert!(!ColorChoice::Auto.decide(true, false, true));
    }
}
