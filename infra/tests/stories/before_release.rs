//! The command before a release: first deployment, success, failure, rollback, removal.

use crate::cloud::Cloud;

#[test]
fn command_runs_before_each_release_but_the_first() {
    let Some(cloud) = Cloud::open() else { return };
    cloud.edit("# before = ", "before = ");
    cloud
        .infra(&["deploy", "Foundation", "DevCluster", "--yes"])
        .with(0);
    cloud.release("1111111");
    cloud.infra(&["deploy", "dev", "--yes"]).with(0).said(&[
        "DevAppStack: first deployment: nothing runs before it; afterwards, use `infra run dev -- python3 manage.py migrate`\n",
        "Done: 2 stacks deployed.\n",
    ]);
    assert_eq!(cloud.commands_run(), "");

    // The app stack alone is enough: its command comes with it.
    cloud.release("2222222");
    cloud.infra(&["deploy", "DevAppStack", "--yes"]).with(0).said(&[
        "DevAppStack: runs first, once: python3 manage.py migrate\n",
        "DevBeforeRelease: updated",
        "Running in dev (release 2222222): python3 manage.py migrate\n",
        "ran python3 manage.py migrate\n",
        "The command succeeded",
        "DevAppStack: updated",
    ]);
    assert_eq!(cloud.commands_run(), "2222222 python3 manage.py migrate\n");
    assert!(cloud.image_in_dev("app").ends_with(":2222222"));

    cloud.release("3333333");
    let failing = cloud.commands_exit_with(3);
    cloud.infra(&["deploy", "dev", "--yes"]).with(4).said(&[
        "Running in dev (release 3333333): python3 manage.py migrate\n",
        "error: DevAppStack: not deployed: the command before the release did not succeed\n",
        "  caused by: the command exited with 3\n",
        "hint: dev still runs its release; after a fix, deploy again\n",
    ]);
    drop(failing);
    assert!(cloud.image_in_dev("app").ends_with(":2222222"));
    assert_eq!(cloud.open_change_sets("DevAppStack"), 0);
    // `infra run` has the running release, not the rejected one.
    cloud
        .infra(&["run", "dev", "--", "help"])
        .with(0)
        .said(&["Running in dev (release 2222222): help\n"]);
    cloud.infra(&["status", "dev"]).with(0).said(&[
        "DevBeforeRelease  ",
        "DevAppStack  ",
        "  release   2222222; the latest is 3333333 (`infra deploy dev`)\n",
    ]);

    cloud.infra(&["deploy", "dev", "--yes"]).with(0);
    cloud
        .infra(&["rollback", "dev", "--yes"])
        .with(0)
        .said(&["not run on a rollback, and not undone: python3 manage.py migrate\n"]);
    assert!(cloud.image_in_dev("app").ends_with(":2222222"));
    assert_eq!(
        cloud.commands_run().lines().count(),
        4,
        "{}",
        cloud.commands_run()
    );

    // Before the setting is removed, its stack goes; the app stack, which needs nothing of it, stays.
    cloud.infra(&["destroy", "DevBeforeRelease", "--yes"]).with(0);
    cloud.edit("before = ", "# before = ");
    assert_eq!(cloud.status("DevBeforeRelease"), "absent");
    cloud.infra(&["deploy", "dev", "--yes"]).with(0);
    assert!(cloud.image_in_dev("app").ends_with(":3333333"));
    assert_eq!(cloud.commands_run().lines().count(), 4);
}
