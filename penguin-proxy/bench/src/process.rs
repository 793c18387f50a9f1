//! What a proxy's processes use, as the kernel counts it, and on which core they run.

use std::process::{Child, Command};
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};
use rustix::thread::{CpuSet, sched_setaffinity};

/// Where the load and the app behind the proxies run.
pub const LOAD_CORE: usize = 0;
/// Where the proxies run.
pub const PROXY_CORE: usize = 1;

/// Puts this thread, and what it starts from now on, on these cores.
pub fn pin(cores: &[usize]) -> Result<()> {
    let mut set = CpuSet::new();
    for &core in cores {
        set.set(core);
    }
    sched_setaffinity(None, &set).with_context(|| format!("cores {cores:?}: two cores are needed"))
}

/// A running proxy; ended when dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    /// It and its children.
    ids: Vec<u32>,
}

impl Running {
    /// Starts a program on these cores.
    pub fn start(command: &mut Command, cores: &[usize]) -> Result<Self> {
        pin(cores)?;
        let child = command
            .spawn()
            .with_context(|| format!("cannot start {}", command.get_program().display()));
        pin(&[LOAD_CORE])?;
        let child = child?;
        let ids = vec![child.id()];
        Ok(Self { child, ids })
    }

    /// Whether it is still there.
    pub fn is_alive(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_none())
    }

    /// Finds the processes that it has started by now.
    pub fn find_children(&mut self) -> Result<()> {
        let mut at = 0;
        while let Some(&id) = self.ids.get(at) {
            let listed = fs_err::read_to_string(format!("/proc/{id}/task/{id}/children"))?;
            self.ids
                .extend(listed.split_whitespace().filter_map(|id| id.parse::<u32>().ok()));
            at += 1;
        }
        Ok(())
    }

    /// Processor time of all its threads so far, user and system, to the nanosecond.
    pub fn cpu(&self) -> Result<Duration> {
        let mut total = Duration::ZERO;
        for id in &self.ids {
            for thread in fs_err::read_dir(format!("/proc/{id}/task"))? {
                let path = thread?.path().join("schedstat");
                let text = fs_err::read_to_string(path)?;
                let ran = text.split(' ').next().and_then(|ran| ran.parse().ok());
                total += Duration::from_nanos(ran.context("schedstat holds no number")?);
            }
        }
        Ok(total)
    }

    /// Resident memory, and what remains of it when pages that several processes share are counted by share. In KiB.
    pub fn memory(&self) -> Result<(u64, u64)> {
        let (mut resident, mut share) = (0, 0);
        for id in &self.ids {
            let text = fs_err::read_to_string(format!("/proc/{id}/smaps_rollup"))?;
            let kib = |name: &str| {
                let line = text.lines().find_map(|line| line.strip_prefix(name));
                line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok())
            };
            resident += kib("Rss:").context("no Rss")?;
            share += kib("Pss:").context("no Pss")?;
        }
        Ok((resident, share))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Twice: penguin-proxy takes the first as the wish for an orderly end.
        for _ in 0..2 {
            if let Some(id) = Pid::from_raw(self.child.id().cast_signed()) {
                let _gone = kill_process(id, Signal::INT);
            }
        }
        for _ in 0..40 {
            if self.child.try_wait().is_ok_and(|status| status.is_some()) {
                return;
            }
            std::thread::sleep(Duration::from_millis(25));
        }
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}
