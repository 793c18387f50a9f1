//! Output of the children: prefixed lines, and the last lines of each.

use std::collections::VecDeque;
use std::io;

use crate::console::{Console, Style, Verbosity};

/// Number of lines of a child that are repeated when it fails.
const REMEMBERED: usize = 12;

/// Prints the lines of all children.
#[derive(Debug)]
pub struct Output<'a> {
    console: &'a Console,
    children: Vec<Child>,
    width: usize,
}

#[derive(Debug)]
struct Child {
    name: &'static str,
    style: Style,
    last: VecDeque<String>,
}

impl<'a> Output<'a> {
    /// Creates the output for children with these names, in order of their numbers.
    pub fn new(console: &'a Console, names: &[&'static str]) -> Self {
        let styles = [Style::Cyan, Style::Magenta, Style::Yellow, Style::Green];
        let children = names
            .iter()
            .zip(styles.iter().cycle())
            .map(|(&name, &style)| Child {
                name,
                style,
                last: VecDeque::with_capacity(REMEMBERED),
            })
            .collect();
        Self {
            console,
            children,
            width: names.iter().map(|name| name.len()).max().unwrap_or(0),
        }
    }

    /// Prints a line of a child on stdout, unless `--quiet`, and remembers it.
    ///
    /// # Errors
    /// Fails if stdout is closed.
    pub fn line(&mut self, child: usize, text: String) -> io::Result<()> {
        let Some(child) = self.children.get_mut(child) else {
            return Ok(());
        };
        let printed = if self.console.json() {
            self.console
                .data_line(serde_json::json!({"event": "log", "container": child.name, "line": text}))
        } else if self.console.verbosity() == Verbosity::Quiet {
            Ok(())
        } else {
            let prefix = format!("{:width$} |", child.name, width = self.width);
            self.console.data_line(format_args!(
                "{} {text}",
                self.console.paint_out().apply(child.style, &prefix)
            ))
        };
        if child.last.len() == REMEMBERED {
            child.last.pop_front();
        }
        child.last.push_back(text);
        printed
    }

    /// Returns the last lines of a child, oldest first.
    pub fn last_lines(&self, child: usize) -> impl Iterator<Item = &str> {
        self.children
            .get(child)
            .into_iter()
            .flat_map(|child| &child.last)
            .map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::{ColorChoice, Options};

    #[test]
    fn lines_are_prefixed_with_and_without_colour() {
        let (console, said) = Console::recording(&Options::default(), None);
        let mut output = Output::new(&console, &["app", "proxy"]);
        output.line(0, "listening".to_owned()).unwrap();
        output.line(1, "listening too".to_owned()).unwrap();
        assert_eq!(said.out(), "app   | listening\nproxy | listening too\n");

        let colourful = Options {
            color: ColorChoice::Always,
            ..Options::default()
        };
        let (console, said) = Console::recording(&colourful, None);
        Output::new(&console, &["app", "proxy"])
            .line(0, "listening".to_owned())
            .unwrap();
        assert_eq!(said.out(), "\u{1b}[36mapp   |\u{1b}[0m listening\n");
    }

    #[test]
    fn json_output_has_one_document_per_line() {
        let (console, said) = Console::recording(
            &Options {
                json: true,
                ..Options::default()
            },
            None,
        );
        Output::new(&console, &["app"])
            .line(0, "say \"hi\"".to_owned())
            .unwrap();
        assert_eq!(
            said.out(),
            "{\"container\":\"app\",\"event\":\"log\",\"line\":\"say \\\"hi\\\"\"}\n"
        );
    }

    #[test]
    fn last_lines_are_kept_with_quiet() {
        let quiet = Options {
            verbosity: Verbosity::Quiet,
            ..Options::default()
        };
        let (console, said) = Console::recording(&quiet, None);
        let mut output = Output::new(&console, &["app"]);
        for number in 0..20 {
            output.line(0, format!("line {number}")).unwrap();
        }
        assert_eq!(said.out(), "");
        let last: Vec<_> = output.last_lines(0).collect();
        assert_eq!((last.len(), last[0], last[11]), (12, "line 8", "line 19"));
    }
}
