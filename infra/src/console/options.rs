//! What the person wants from the console: colours, how much talk, and for whom the data is.

use super::Paint;

/// The console's settings, as the command line gives them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// When to colour.
    pub color: ColorChoice,
    /// How much to say.
    pub verbosity: Verbosity,
    /// Data for programs.
    pub json: bool,
}

/// When to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColorChoice {
    /// On a terminal, unless the environment says otherwise (`NO_COLOR`, `TERM=dumb`).
    #[default]
    Auto,
    /// Even into a file or a pipe.
    Always,
    /// Not at all.
    Never,
}

impl ColorChoice {
    /// What the choice means for one stream.
    pub(super) fn resolve(self, is_terminal: bool) -> Paint {
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        self.decide(
            is_terminal,
            set("NO_COLOR"),
            std::env::var_os("TERM").is_some_and(|term| term == "dumb"),
        )
    }

    fn decide(self, is_terminal: bool, no_color: bool, dumb: bool) -> Paint {
        Paint::new(match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => is_terminal && !no_color && !dumb,
        })
    }
}

/// How much to say on stderr.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Warnings and errors.
    Quiet,
    /// What is going on.
    #[default]
    Normal,
    /// Why, and with what.
    Verbose,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flag_outranks_the_environment_and_the_environment_the_terminal() {
        let paint =
            |choice: ColorChoice, terminal, no_color| choice.decide(terminal, no_color, false).is_on();
        assert!(paint(ColorChoice::Auto, true, false));
        assert!(!paint(ColorChoice::Auto, true, true));
        assert!(!paint(ColorChoice::Auto, false, false));
        assert!(paint(ColorChoice::Always, false, true));
        assert!(!paint(ColorChoice::Never, true, false));
        assert!(!ColorChoice::Auto.decide(true, false, true).is_on());
    }
}
