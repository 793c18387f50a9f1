//! Names of change sets: the run that created one, and whether it is abandoned.
//!
//! Names are `infra-MACHINE-TIME-PROCESS`. On the same machine, a change set is abandoned if its process has ended; on
//! another machine, after a day.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::{Duration, SystemTime};

use rustix::process::{Pid, test_kill_process};

/// Prefix of temporary change sets.
const OURS: &str = "infra-";
/// Prefix of change sets created with `--no-execute`.
const KEPT: &str = "infra-review-";
/// Age after which a change set of another machine is abandoned.
const ABANDONED_AFTER: Duration = Duration::from_hours(24);

/// State of an existing change set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leftover {
    /// Its run ended without deleting it.
    Abandoned,
    /// It may still be executed.
    InUse,
}

/// Returns the id of this run: machine, time, process. Used in change set names and client tokens.
pub fn run_name() -> String {
    let seconds = SystemTime::UNIX_EPOCH
        .elapsed()
        .map_or(0, |elapsed| elapsed.as_secs());
    format!("{}-{seconds:x}-{:x}", machine(), std::process::id())
}

/// Returns the change set name of a run; `keep` selects the prefix for manual execution.
pub fn change_set_name(run: &str, keep: bool) -> String {
    format!("{}{run}", if keep { KEPT } else { OURS })
}

/// Decides by name and age whether a change set is abandoned.
pub fn leftover(name: &str, age: Duration) -> Leftover {
    decide(name, age, &machine(), is_running)
}

fn decide(name: &str, age: Duration, here: &str, is_running: impl Fn(i32) -> bool) -> Leftover {
    let Some(run) = name.strip_prefix(OURS).filter(|_| !name.starts_with(KEPT)) else {
        return Leftover::InUse;
    };
    let process = run
        .strip_prefix(here)
        .and_then(|rest| rest.strip_prefix('-'))
        .and_then(|rest| rest.split_once('-'))
        .and_then(|(_, process)| i32::from_str_radix(process, 16).ok());
    let abandoned = match process {
        Some(process) => !is_running(process),
        None => age > ABANDONED_AFTER,
    };
    if abandoned {
        Leftover::Abandoned
    } else {
        Leftover::InUse
    }
}

/// Returns eight hexadecimal digits that identify the machine without its name.
fn machine() -> String {
    let mut hasher = DefaultHasher::new();
    rustix::system::uname().nodename().to_bytes().hash(&mut hasher);
    format!("{:08x}", hasher.finish() & 0xffff_ffff)
}

/// Returns whether a process with this id exists, of any user.
fn is_running(process: i32) -> bool {
    let Some(process) = Pid::from_raw(process) else {
        return false;
    };
    !matches!(test_kill_process(process), Err(rustix::io::Errno::SRCH))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    #[test]
    fn change_set_on_this_machine_is_in_use_while_its_process_runs() {
        let alive = |name: &str| decide(name, 100 * HOUR, "0000abcd", |process| process == 0x1f);
        assert_eq!(alive("infra-0000abcd-6a00-1f"), Leftover::InUse);
        assert_eq!(alive("infra-0000abcd-6a00-2f"), Leftover::Abandoned);
    }

    #[test]
    fn change_set_of_another_machine_is_abandoned_after_a_day() {
        let of = |age| decide("infra-0000ffff-6a00-1f", age, "0000abcd", |_| false);
        assert_eq!(of(HOUR), Leftover::InUse);
        assert_eq!(of(25 * HOUR), Leftover::Abandoned);
    }

    #[test]
    fn change_sets_for_review_and_of_other_tools_are_never_abandoned() {
        for name in ["infra-review-0000abcd-6a00-2f", "my-change-set", "awscli-1"] {
            assert_eq!(
                decide(name, 1000 * HOUR, "0000abcd", |_| false),
                Leftover::InUse,
                "{name}"
            );
        }
    }

    #[test]
    fn own_change_set_is_in_use() {
        let name = change_set_name(&run_name(), false);
        assert_eq!(leftover(&name, Duration::ZERO), Leftover::InUse);
    }
}
