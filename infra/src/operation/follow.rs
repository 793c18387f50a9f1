//! Watches an operation until the stack comes to rest, whoever began it.
//!
//! It asks at a bounded rate, slower the longer it takes and slower still when AWS asks for it; gathers the evidence
//! that a rollback would delete; and gives Ctrl-C its meaning.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::{Duration, SystemTime};

use anyhow::Result;

use super::Context;
use super::asking::Answer;
use crate::aws::{Cloud, EventCursor, Fault, StackState};
use crate::deploy::condition::{Cancel, ending, on_interrupt};
use crate::deploy::progress::{Progress, StackEvent};
use crate::deploy::report::Event;
use crate::deploy::rollout::Evidence;

/// An operation that came to rest.
#[derive(Debug)]
pub(super) struct Rested {
    /// The stack as it is now; `None` if AWS has forgotten it.
    pub(super) state: Option<StackState>,
    pub(super) progress: Progress,
    pub(super) evidence: Evidence,
    /// The person wanted it cancelled.
    pub(super) cancelled: bool,
}

/// How the watching ended.
#[derive(Debug)]
pub(super) enum Watched {
    /// The operation is over.
    Rested(Box<Rested>),
    /// The person left; it goes on in AWS.
    Left,
}

/// An operation to watch.
#[derive(Debug)]
pub(super) struct Watch<'a> {
    pub(super) cloud: &'a Cloud,
    /// ARN: it stays valid when the stack is deleted.
    pub(super) stack_id: &'a str,
    pub(super) name: &'a str,
    /// Where its events begin.
    pub(super) cursor: EventCursor,
    /// Resources it will touch, if known.
    pub(super) expected: Option<usize>,
    /// It rolls out the service, so ECS is worth asking.
    pub(super) runs_service: bool,
}

/// How long AWS may be out of reach before we give up watching.
const PATIENCE: Duration = Duration::from_mins(10);

impl Context<'_> {
    /// Watches until the stack comes to rest or the person leaves.
    ///
    /// # Errors
    /// AWS refuses to tell, or is out of reach for long.
    pub(super) async fn watch(&self, watch: Watch<'_>) -> Result<Watched> {
        let mut look = Look {
            progress: Progress::new(watch.name, SystemTime::now(), watch.expected),
            evidence: Evidence::default(),
            cursor: watch.cursor.clone(),
            told: HashMap::new(),
        };
        let mut tempo = Tempo::new();
        let mut presses = self.interrupts.count();
        let mut cancelled = false;
        let mut lost_since = None;
        loop {
            match self.look(&watch, &mut look).await {
                Ok(state) => {
                    lost_since = None;
                    tempo.steady();
                    if let Some(state) = state.filter(|state| ending(&state.status).is_some()) {
                        return Ok(Watched::Rested(Box::new(Rested {
                            state: Some(state),
                            progress: look.progress,
                            evidence: look.evidence,
                            cancelled,
                        })));
                    }
                }
                Err(fault) if fault.is_passing() => {
                    tempo.slow_down();
                    let since = *lost_since.get_or_insert_with(SystemTime::now);
                    if since.elapsed().unwrap_or_default() > PATIENCE {
                        return Err(fault.into());
                    }
                    self.console
                        .detail(format!("{}: {fault}; asking again", watch.name));
                }
                Err(fault) => return Err(fault.into()),
            }
            if let Some(count) = self.wait(tempo.next(), presses).await {
                if presses > 0 {
                    return Ok(Watched::Left);
                }
                presses = count;
                cancelled |= self.cancel(&watch, &look.progress.status).await?;
            }
        }
    }

    /// Waits, redrawing the table's clocks. Some if Ctrl-C was pressed more often than `seen` times.
    async fn wait(&self, pause: Duration, seen: u32) -> Option<u32> {
        let end = tokio::time::Instant::now() + pause;
        loop {
            let tick = end.min(tokio::time::Instant::now() + Duration::from_secs(1));
            tokio::select! {
                () = tokio::time::sleep_until(tick) => self.narrator.tick(),
                count = self.interrupts.beyond(seen) => return Some(count),
            }
            if tick == end {
                return None;
            }
        }
    }

    /// One look at the stack, its events and its service.
    async fn look(&self, watch: &Watch<'_>, look: &mut Look) -> Result<Option<StackState>, Fault> {
        let state = watch.cloud.stack(watch.stack_id).await?;
        let mut news = Vec::new();
        look.progress.next_look();
        let progress = &mut look.progress;
        watch
            .cloud
            .new_events(watch.stack_id, &mut look.cursor, |event| {
                progress.absorb(&event);
                if news.len() < NEWS_TOLD && !event.of_stack {
                    news.push(event);
                }
            })
            .await?;
        if let Some(state) = &state {
            look.progress.status.clone_from(&state.status);
            look.progress.status_reason.clone_from(&state.reason);
        }
        for event in news.into_iter().rev() {
            self.tell_resource(watch.name, event, &mut look.told);
        }
        if watch.runs_service {
            self.look_at_service(watch, look).await;
        }
        self.narrator.show(&look.progress, &look.evidence);
        Ok(state)
    }

    fn tell_resource(&self, stack: &str, event: StackEvent, told: &mut HashMap<String, String>) {
        // CloudFormation says "in progress" twice: when it begins and when the service has begun.
        if told.get(&event.resource) == Some(&event.status) {
            return;
        }
        told.insert(event.resource.clone(), event.status.clone());
        self.narrator.tell(&Event::Resource {
            stack: stack.to_owned(),
            resource: event.resource,
            kind: event.kind,
            status: event.status,
            reason: event.reason,
        });
    }

    /// Evidence is a help: when ECS does not tell, the deployment goes on.
    async fn look_at_service(&self, watch: &Watch<'_>, look: &mut Look) {
        let Some(service) = look
            .progress
            .physical_of("AWS::ECS::Service")
            .map(ToOwned::to_owned)
        else {
            return;
        };
        let before = look.evidence.rollout.clone();
        // Clocks differ a little; a task that stopped just before we began is not missed.
        let since = look.progress.began - Duration::from_secs(5);
        let news = match watch
            .cloud
            .gather_evidence(&service, since, &mut look.evidence)
            .await
        {
            Ok(news) => news,
            Err(fault) => {
                self.console
                    .detail(format!("{}: ECS does not tell: {fault}", watch.name));
                return;
            }
        };
        if let Some(rollout) = look
            .evidence
            .rollout
            .as_ref()
            .filter(|now| Some(*now) != before.as_ref())
        {
            self.narrator.tell(&Event::Rollout {
                stack: watch.name.to_owned(),
                service: rollout.service.clone(),
                state: rollout.state.clone(),
                desired: rollout.desired,
                running: rollout.running,
                pending: rollout.pending,
                failed: rollout.failed,
            });
        }
        for task in news {
            self.narrator.tell(&Event::TaskStopped {
                stack: watch.name.to_owned(),
                task: task.id,
                reason: task.reason,
                exit_codes: task
                    .containers
                    .into_iter()
                    .map(|container| (container.name, container.exit_code))
                    .collect(),
            });
        }
    }

    /// The first Ctrl-C. Returns true if something was cancelled.
    async fn cancel(&self, watch: &Watch<'_>, status: &str) -> Result<bool> {
        let name = watch.name;
        match on_interrupt(status) {
            Cancel::Update => {
                self.narrator.say(format!(
                    "{name}: cancelling the update; Ctrl-C again leaves it alone"
                ));
                match watch.cloud.cancel_update(watch.stack_id).await {
                    Ok(()) => Ok(true),
                    // It was over just now: the next look will tell.
                    Err(Fault::Refused { .. }) => Ok(false),
                    Err(fault) => Err(fault.into()),
                }
            }
            Cancel::OfferDeletion if self.console.is_interactive() => {
                self.narrator.say(format!(
                    "{name}: a creation cannot be cancelled, only the new stack deleted"
                ));
                let answer = self.consent(&format!("Delete {name}?")).await?;
                if answer == Answer::Yes {
                    watch.cloud.delete_stack(watch.stack_id, &self.run).await?;
                }
                Ok(answer == Answer::Yes)
            }
            Cancel::OfferDeletion => {
                self.narrator.say(format!(
                    "{name}: a creation cannot be cancelled; Ctrl-C again leaves it alone"
                ));
                Ok(false)
            }
            Cancel::Nothing => {
                self.narrator.say(format!(
                    "{name}: nothing can be cancelled now; Ctrl-C again leaves it alone"
                ));
                Ok(false)
            }
        }
    }
}

/// News of one look that are told as lines; in a crowd the oldest are left to the table and the report.
const NEWS_TOLD: usize = 200;

/// What has been seen so far.
struct Look {
    progress: Progress,
    evidence: Evidence,
    cursor: EventCursor,
    told: HashMap<String, String>,
}

/// How long to wait between looks.
struct Tempo {
    pause: Duration,
    trouble: u32,
}

impl Tempo {
    fn new() -> Self {
        Self {
            pause: Duration::from_millis(400),
            trouble: 0,
        }
    }

    fn steady(&mut self) {
        self.trouble = 0;
        self.pause = (self.pause.mul_f64(1.25)).min(Duration::from_secs(4));
    }

    fn slow_down(&mut self) {
        self.trouble = (self.trouble + 1).min(4);
    }

    /// The pause, doubled for each time that AWS was not to be had, and up to a quarter longer by chance, so that
    /// stacks and people do not ask in step.
    fn next(&self) -> Duration {
        let chance = RandomState::new().build_hasher().finish() % 256;
        let pause = self.pause * 2_u32.pow(self.trouble);
        pause + pause.mul_f64(f64::from(u8::try_from(chance).unwrap_or(0)) / 1024.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asking_slows_down_and_trouble_slows_it_further() {
        let mut tempo = Tempo::new();
        assert!(tempo.next() <= Duration::from_millis(500));
        for _ in 0..100 {
            tempo.steady();
        }
        let calm = tempo.next();
        assert!(calm >= Duration::from_secs(4) && calm <= Duration::from_secs(5));
        for _ in 0..100 {
            tempo.slow_down();
        }
        let troubled = tempo.next();
        assert!(troubled >= Duration::from_secs(64) && troubled <= Duration::from_secs(80));
        tempo.steady();
        assert!(tempo.next() <= Duration::from_secs(5));
    }
}
