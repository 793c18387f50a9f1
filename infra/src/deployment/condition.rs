//! Maps CloudFormation statuses to the next step of `deploy` and `destroy`.
//!
//! An unknown status stops the tool, since a guess could delete resources.

use std::fmt;

/// Operation in progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Busy {
    /// Creation.
    Creating,
    /// Update.
    Updating,
    /// Rollback of a creation or update.
    RollingBack,
    /// Deletion.
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

/// Condition of a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// The stack does not exist.
    Absent,
    /// The stack has only a change set that was never executed, and no resources.
    Review,
    /// Stable and updatable.
    Ready,
    /// An operation is in progress.
    Busy(Busy),
    /// The creation failed and was rolled back; the stack can only be deleted.
    NeverCreated,
    /// The creation failed and resources remain, possibly on purpose.
    NeverCreatedKept,
    /// An update and its rollback failed.
    RollbackStuck,
    /// The deletion failed; some resources remain.
    DeleteStuck,
    /// A status unknown to this tool.
    Unknown(String),
}

impl Condition {
    /// Returns the condition for a status.
    pub fn of(status: &str) -> Self {
        match status {
            "DELETE_COMPLETE" => Self::Absent,
            "REVIEW_IN_PROGRESS" => Self::Review,
            "CREATE_COMPLETE"
            | "UPDATE_COMPLETE"
            | "UPDATE_ROLLBACK_COMPLETE"
            | "IMPORT_COMPLETE"
            | "IMPORT_ROLLBACK_COMPLETE"
            // A failed update without rollback can be updated again.
            | "UPDATE_FAILED" => Self::Ready,
            "CREATE_IN_PROGRESS" | "IMPORT_IN_PROGRESS" => Self::Busy(Busy::Creating),
            "UPDATE_IN_PROGRESS" | "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS" => Self::Busy(Busy::Updating),
            "ROLLBACK_IN_PROGRESS"
            | "UPDATE_ROLLBACK_IN_PROGRESS"
            | "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"
            | "IMPORT_ROLLBACK_IN_PROGRESS" => Self::Busy(Busy::RollingBack),
            "DELETE_IN_PROGRESS" => Self::Busy(Busy::Deleting),
            "ROLLBACK_COMPLETE" => Self::NeverCreated,
            "ROLLBACK_FAILED" | "CREATE_FAILED" => Self::NeverCreatedKept,
            "UPDATE_ROLLBACK_FAILED" => Self::RollbackStuck,
            "DELETE_FAILED" => Self::DeleteStuck,
            other => Self::Unknown(other.to_owned()),
        }
    }
}

/// Next step of `deploy`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeployStep {
    /// Create a change set of type CREATE.
    Create,
    /// Delete the leftovers of an earlier run, then [`Self::Create`].
    CleanThenCreate,
    /// Create a change set of type UPDATE.
    Update,
    /// Follow the running operation, then decide again.
    Attach(Busy),
    /// After confirmation: delete and recreate the stack.
    Recreate,
    /// Like [`Self::Recreate`], but not with `--yes`: the resources may have been kept on purpose.
    RecreateKept,
    /// After confirmation: continue the rollback, then decide again.
    ContinueRollback,
    /// Explain the failed deletion and stop.
    ExplainDeleteFailed,
    /// Stop: unknown status.
    Refuse(String),
}

/// Returns the next step of `deploy`.
pub fn before_deploy(condition: &Condition) -> DeployStep {
    match condition {
        Condition::Absent => DeployStep::Create,
        Condition::Review => DeployStep::CleanThenCreate,
        Condition::Ready => DeployStep::Update,
        Condition::Busy(busy) => DeployStep::Attach(*busy),
        Condition::NeverCreated => DeployStep::Recreate,
        Condition::NeverCreatedKept => DeployStep::RecreateKept,
        Condition::RollbackStuck => DeployStep::ContinueRollback,
        Condition::DeleteStuck => DeployStep::ExplainDeleteFailed,
        Condition::Unknown(status) => DeployStep::Refuse(status.clone()),
    }
}

/// Next step of `destroy`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DestroyStep {
    /// The stack does not exist.
    Nothing,
    /// Delete the stack.
    Delete,
    /// Follow the running operation, then decide again.
    Attach(Busy),
    /// Stop: unknown status.
    Refuse(String),
}

/// Returns the next step of `destroy`.
pub fn before_destroy(condition: &Condition) -> DestroyStep {
    match condition {
        Condition::Absent => DestroyStep::Nothing,
        Condition::Review
        | Condition::Ready
        | Condition::NeverCreated
        | Condition::NeverCreatedKept
        | Condition::RollbackStuck
        | Condition::DeleteStuck => DestroyStep::Delete,
        Condition::Busy(busy) => DestroyStep::Attach(*busy),
        Condition::Unknown(status) => DestroyStep::Refuse(status.clone()),
    }
}

/// Result of an operation, by its final status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Success.
    Succeeded,
    /// Rolled back.
    RolledBack,
    /// Failed; needs a decision.
    Stuck,
    /// Deleted.
    Gone,
}

/// Returns the result of an operation, or `None` while it is in progress.
pub fn ending(status: &str) -> Option<Ending> {
    Some(match status {
        "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "IMPORT_COMPLETE" => Ending::Succeeded,
        "UPDATE_ROLLBACK_COMPLETE" | "ROLLBACK_COMPLETE" | "IMPORT_ROLLBACK_COMPLETE" => Ending::RolledBack,
        "DELETE_COMPLETE" => Ending::Gone,
        status if status.ends_with("_FAILED") => Ending::Stuck,
        _ => return None,
    })
}

/// Effect of the first Ctrl-C.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cancel {
    /// Cancel the update; CloudFormation rolls it back.
    Update,
    /// Offer to delete the new stack, since a creation cannot be cancelled.
    OfferDeletion,
    /// None: the stack is rolling back or being deleted.
    Nothing,
}

/// Returns the effect of the first Ctrl-C.
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
    fn every_stuck_status_has_a_next_step() {
        for (status, step) in [
            ("ROLLBACK_COMPLETE", DeployStep::Recreate),
            ("ROLLBACK_FAILED", DeployStep::RecreateKept),
            ("CREATE_FAILED", DeployStep::RecreateKept),
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
    fn status_is_either_in_progress_or_final() {
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
    fn only_creations_and_updates_can_be_cancelled() {
        assert_eq!(on_interrupt("UPDATE_IN_PROGRESS"), Cancel::Update);
        assert_eq!(on_interrupt("CREATE_IN_PROGRESS"), Cancel::OfferDeletion);
        // The new resources are in use already and cannot be rolled back.
        assert_eq!(
            on_interrupt("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"),
            Cancel::Nothing
        );
        assert_eq!(on_interrupt("UPDATE_ROLLBACK_IN_PROGRESS"), Cancel::Nothing);
    }

    #[test]
    fn destroy_skips_missing_stacks() {
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
