//! From the status that CloudFormation reports to what `deploy` and `destroy` do about it.
//!
//! CloudFormation has two dozen statuses; a person has half a dozen situations. A status that this file does not
//! know stops the tool: guessing could destroy something.

use std::fmt;

/// What CloudFormation is doing to a stack right now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Busy {
    /// Creating it.
    Creating,
    /// Updating it.
    Updating,
    /// Undoing a failed creation or update.
    RollingBack,
    /// Deleting it.
    Deleting,
}

impl fmt::Display for Busy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Creating => "being created",
            Self::Updating => "being updated",
            Self::RollingBack => "being rolled back",
            Self::Deleting => "being deleted",
        })
    }
}

/// The situation a stack is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// It does not exist.
    Absent,
    /// Only a change set exists that was never executed; there are no resources.
    Review,
    /// At rest, and can be updated.
    Ready,
    /// An operation is under way.
    Busy(Busy),
    /// Its first creation failed. It can never be updated, only deleted and created anew.
    NeverCreated,
    /// An update failed, and undoing it failed as well.
    RollbackStuck,
    /// Its deletion failed; some of it is still there.
    DeleteStuck,
    /// Something that this tool does not know.
    Unknown(String),
}

impl Condition {
    /// The situation that a status means.
    pub fn of(status: &str) -> Self {
        match status {
            "DELETE_COMPLETE" => Self::Absent,
            "REVIEW_IN_PROGRESS" => Self::Review,
            "CREATE_COMPLETE"
            | "UPDATE_COMPLETE"
            | "UPDATE_ROLLBACK_COMPLETE"
            | "IMPORT_COMPLETE"
            | "IMPORT_ROLLBACK_COMPLETE"
            // A failed update whose rollback was switched off: the next update may mend it.
            | "UPDATE_FAILED" => Self::Ready,
            "CREATE_IN_PROGRESS" | "IMPORT_IN_PROGRESS" => Self::Busy(Busy::Creating),
            "UPDATE_IN_PROGRESS" | "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS" => Self::Busy(Busy::Updating),
            "ROLLBACK_IN_PROGRESS"
            | "UPDATE_ROLLBACK_IN_PROGRESS"
            | "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"
            | "IMPORT_ROLLBACK_IN_PROGRESS" => Self::Busy(Busy::RollingBack),
            "DELETE_IN_PROGRESS" => Self::Busy(Busy::Deleting),
            "ROLLBACK_COMPLETE" | "ROLLBACK_FAILED" | "CREATE_FAILED" => Self::NeverCreated,
            "UPDATE_ROLLBACK_FAILED" => Self::RollbackStuck,
            "DELETE_FAILED" => Self::DeleteStuck,
            other => Self::Unknown(other.to_owned()),
        }
    }
}

/// What `deploy` does next about a stack in that situation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeployStep {
    /// Make a change set that creates it.
    Create,
    /// Remove what an earlier run left, then as [`Self::Create`].
    CleanThenCreate,
    /// Make a change set that updates it.
    Update,
    /// Watch what is under way, then look again.
    Attach(Busy),
    /// With consent: delete it, then create it anew.
    Recreate,
    /// With consent: continue the rollback, then look again.
    ContinueRollback,
    /// Explain and stop: deleting is the person's decision.
    ExplainDeleteFailed,
    /// Stop: the status is not known.
    Refuse(String),
}

/// Decides what `deploy` does about a stack.
pub fn before_deploy(condition: &Condition) -> DeployStep {
    match condition {
        Condition::Absent => DeployStep::Create,
        Condition::Review => DeployStep::CleanThenCreate,
        Condition::Ready => DeployStep::Update,
        Condition::Busy(busy) => DeployStep::Attach(*busy),
        Condition::NeverCreated => DeployStep::Recreate,
        Condition::RollbackStuck => DeployStep::ContinueRollback,
        Condition::DeleteStuck => DeployStep::ExplainDeleteFailed,
        Condition::Unknown(status) => DeployStep::Refuse(status.clone()),
    }
}

/// What `destroy` does next about a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DestroyStep {
    /// It is not there.
    Nothing,
    /// Delete it.
    Delete,
    /// Watch what is under way, then look again.
    Attach(Busy),
    /// Stop: the status is not known.
    Refuse(String),
}

/// Decides what `destroy` does about a stack.
pub fn before_destroy(condition: &Condition) -> DestroyStep {
    match condition {
        Condition::Absent => DestroyStep::Nothing,
        Condition::Review
        | Condition::Ready
        | Condition::NeverCreated
        | Condition::RollbackStuck
        | Condition::DeleteStuck => DestroyStep::Delete,
        Condition::Busy(busy) => DestroyStep::Attach(*busy),
        Condition::Unknown(status) => DestroyStep::Refuse(status.clone()),
    }
}

/// How an operation on a stack ended, read from the status it came to rest in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It has what was asked for.
    Succeeded,
    /// It is as it was before.
    RolledBack,
    /// It is stuck and needs a decision.
    Stuck,
    /// It no longer exists.
    Gone,
}

/// How an operation ended, or `None` while it is under way.
pub fn ending(status: &str) -> Option<Ending> {
    Some(match status {
        "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "IMPORT_COMPLETE" => Ending::Succeeded,
        "UPDATE_ROLLBACK_COMPLETE" | "ROLLBACK_COMPLETE" | "IMPORT_ROLLBACK_COMPLETE" => Ending::RolledBack,
        "DELETE_COMPLETE" => Ending::Gone,
        status if status.ends_with("_FAILED") => Ending::Stuck,
        _ => return None,
    })
}

/// What the first Ctrl-C can do about an operation that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cancel {
    /// Cancel the update; CloudFormation rolls back to the last good state.
    Update,
    /// A creation cannot be cancelled, only the new stack deleted: needs consent.
    OfferDeletion,
    /// It is rolling back or deleting already: nothing to cancel.
    Nothing,
}

/// Decides what the first Ctrl-C does.
pub fn on_interrupt(status: &str) -> Cancel {
    match status {
        "UPDATE_IN_PROGRESS" => Cancel::Update,
        "CREATE_IN_PROGRESS" => Cancel::OfferDeletion,
        _ => Cancel::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_that_can_be_stuck_has_a_way_out() {
        for (status, step) in [
            ("ROLLBACK_COMPLETE", DeployStep::Recreate),
            ("ROLLBACK_FAILED", DeployStep::Recreate),
            ("CREATE_FAILED", DeployStep::Recreate),
            ("REVIEW_IN_PROGRESS", DeployStep::CleanThenCreate),
            ("UPDATE_ROLLBACK_FAILED", DeployStep::ContinueRollback),
            ("DELETE_FAILED", DeployStep::ExplainDeleteFailed),
            ("UPDATE_FAILED", DeployStep::Update),
            ("DELETE_COMPLETE", DeployStep::Create),
            ("DELETE_IN_PROGRESS", DeployStep::Attach(Busy::Deleting)),
            (
                "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
                DeployStep::Attach(Busy::RollingBack),
            ),
            (
                "MIGRATE_HALF_DONE",
                DeployStep::Refuse("MIGRATE_HALF_DONE".into()),
            ),
        ] {
            assert_eq!(before_deploy(&Condition::of(status)), step, "{status}");
        }
    }

    #[test]
    fn a_status_is_either_busy_or_an_ending_and_never_both() {
        for status in [
            "CREATE_IN_PROGRESS",
            "CREATE_COMPLETE",
            "CREATE_FAILED",
            "ROLLBACK_IN_PROGRESS",
            "ROLLBACK_COMPLETE",
            "ROLLBACK_FAILED",
            "UPDATE_IN_PROGRESS",
            "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
            "UPDATE_COMPLETE",
            "UPDATE_FAILED",
            "UPDATE_ROLLBACK_IN_PROGRESS",
            "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
            "UPDATE_ROLLBACK_COMPLETE",
            "UPDATE_ROLLBACK_FAILED",
            "DELETE_IN_PROGRESS",
            "DELETE_COMPLETE",
            "DELETE_FAILED",
            "IMPORT_IN_PROGRESS",
            "IMPORT_COMPLETE",
            "IMPORT_ROLLBACK_IN_PROGRESS",
            "IMPORT_ROLLBACK_COMPLETE",
        ] {
            let condition = Condition::of(status);
            assert!(!matches!(condition, Condition::Unknown(_)), "{status}");
            let busy = matches!(condition, Condition::Busy(_));
            assert_ne!(busy, ending(status).is_some(), "{status}");
        }
    }

    #[test]
    fn only_what_moves_forward_can_be_cancelled() {
        assert_eq!(on_interrupt("UPDATE_IN_PROGRESS"), Cancel::Update);
        assert_eq!(on_interrupt("CREATE_IN_PROGRESS"), Cancel::OfferDeletion);
        // The new resources are in use already; there is nothing left to undo.
        assert_eq!(
            on_interrupt("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"),
            Cancel::Nothing
        );
        assert_eq!(on_interrupt("UPDATE_ROLLBACK_IN_PROGRESS"), Cancel::Nothing);
    }

    #[test]
    fn destroying_a_stack_that_is_not_there_is_nothing_to_do() {
        assert_eq!(
            before_destroy(&Condition::of("DELETE_COMPLETE")),
            DestroyStep::Nothing
        );
        assert_eq!(
            before_destroy(&Condition::of("DELETE_FAILED")),
            DestroyStep::Delete
        );
    }
}
