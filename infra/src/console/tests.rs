//! Console output and prompts.

use super::*;
use anyhow::Context as _;
use indicatif::{ProgressDrawTarget, TermLike};

fn quiet() -> Options {
    Options {
        verbosity: Verbosity::Quiet,
        ..Options::default()
    }
}

#[test]
fn data_goes_to_stdout_and_messages_to_stderr() {
    let (console, recording) = Console::recording(&Options::default(), None);
    console.data_line("services:").unwrap();
    console.info("building");
    console.detail("with cargo");
    assert_eq!(recording.out(), "services:\n");
    assert_eq!(recording.err(), "building\n");
}

#[test]
fn quiet_keeps_data_and_warnings() {
    let (console, recording) = Console::recording(&quiet(), None);
    console.data_line("data").unwrap();
    console.info("message");
    console.warn("no certificate");
    assert_eq!(recording.out(), "data\n");
    assert_eq!(recording.err(), "warning: no certificate\n");
}

#[test]
fn error_prints_causes_then_hints() {
    let (console, recording) = Console::recording(&quiet(), None);
    let error = Err::<(), _>(Failure::failed("port 8080 is in use").hint("pass `--port 0`"))
        .context("cannot start the proxy")
        .unwrap_err();
    console.error(&error);
    assert_eq!(
        recording.err(),
        "error: cannot start the proxy\n  caused by: port 8080 is in use\n\nhint: pass `--port 0`\n"
    );
}

#[test]
fn cause_quoted_in_the_message_is_not_repeated() {
    let (console, recording) = Console::recording(&quiet(), None);
    let inner = anyhow::anyhow!("no such file");
    let quoting = inner.context("cannot read infra.toml: no such file");
    console.error(&quoting);
    assert_eq!(recording.err(), "error: cannot read infra.toml: no such file\n");
}

#[test]
fn empty_input_selects_the_default() {
    let (console, recording) = Console::recording(&Options::default(), Some("\nmain\n"));
    assert_eq!(
        console.ask("Branch", Some("dev")).unwrap().as_deref(),
        Some("dev")
    );
    assert_eq!(
        console.ask("Branch", Some("dev")).unwrap().as_deref(),
        Some("main")
    );
    assert_eq!(console.ask("Branch", Some("dev")).unwrap(), None);
    assert!(recording.err().starts_with("Branch [dev]: "));
}

/// A terminal of 20 lines. Live lines are drawn by escape sequences into the output of a recording.
#[derive(Debug)]
struct Terminal(SharedBuffer);

impl Terminal {
    /// Returns a console whose live lines are drawn, and its recording.
    fn console() -> (Console, Recording) {
        let (mut console, recording) = Console::recording(&Options::default(), None);
        let target = ProgressDrawTarget::term_like(Box::new(Self(recording.err.clone())));
        let bar = live::new_bar();
        bar.set_draw_target(target);
        console.live = Some(Mutex::new(Some(bar)));
        (console, recording)
    }

    fn send(&self, text: &str) -> io::Result<()> {
        lock(&self.0.0).write_all(text.as_bytes())
    }

    /// Moves the cursor. A count of zero would move it by one.
    fn moves(&self, count: usize, direction: char) -> io::Result<()> {
        if count == 0 {
            return Ok(());
        }
        self.send(&format!("\x1b[{count}{direction}"))
    }
}

impl TermLike for Terminal {
    fn width(&self) -> u16 {
        80
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.moves(n, 'A')
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.moves(n, 'B')
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.moves(n, 'C')
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.moves(n, 'D')
    }

    fn write_line(&self, s: &str) -> io::Result<()> {
        self.send(s)?;
        self.send("\n")
    }

    fn write_str(&self, s: &str) -> io::Result<()> {
        self.send(s)
    }

    fn clear_line(&self) -> io::Result<()> {
        self.send("\r\x1b[2K")
    }

    fn flush(&self) -> io::Result<()> {
        Ok(())
    }
}

/// Returns the visible lines of the terminal.
fn screen(recording: &Recording) -> Vec<String> {
    let mut terminal = vt100::Parser::new(20.try_into().unwrap(), 80.try_into().unwrap(), 0);
    terminal.process(recording.err().replace('\n', "\r\n").as_bytes());
    let rows = terminal.screen().rows(0, 80);
    let mut rows: Vec<_> = rows.map(|row| row.trim_end().to_owned()).collect();
    rows.truncate(
        rows.iter()
            .rposition(|row| !row.is_empty())
            .map_or(0, |last| last + 1),
    );
    rows
}

fn lines(text: &[&str]) -> Vec<String> {
    text.iter().copied().map(str::to_owned).collect()
}

#[test]
fn live_lines_are_redrawn_below_messages() {
    let (console, recording) = Terminal::console();
    console.draw_live_lines(&lines(&["DevApp   starting", "DevCluster   ready"]));
    assert_eq!(screen(&recording), ["DevApp   starting", "DevCluster   ready"]);
    console.info("Deploying 2 stacks");
    console.draw_live_lines(&lines(&["DevApp   ready"]));
    assert_eq!(screen(&recording), ["Deploying 2 stacks", "DevApp   ready"]);
}

#[test]
fn erased_live_lines_leave_no_trace() {
    let (console, recording) = Terminal::console();
    console.info("Deploying 1 stack");
    console.draw_live_lines(&lines(&["DevApp   starting"]));
    console.erase_live_lines();
    assert_eq!(screen(&recording), ["Deploying 1 stack"]);
    console.write_err("Cancel? ");
    assert_eq!(screen(&recording), ["Deploying 1 stack", "Cancel?"]);
}

#[test]
fn kept_live_lines_stay_above_later_messages() {
    let (console, recording) = Terminal::console();
    console.draw_live_lines(&lines(&["DevApp   ready"]));
    console.keep_live_lines();
    console.info("Deployed 1 stack");
    assert_eq!(screen(&recording), ["DevApp   ready", "Deployed 1 stack"]);
}
