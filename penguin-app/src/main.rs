//! The program `penguin-app`: reads the command line, does what it says, and turns the outcome into an exit status.

use std::process::ExitCode;

fn main() -> ExitCode {
    penguin_app::cli::main()
}
