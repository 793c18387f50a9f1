//! `infra compose` prints what the repository holds.

use std::process::Command;

#[test]
fn the_file_in_the_repository_is_what_is_printed() {
    let output = Command::new(env!("CARGO_BIN_EXE_infra"))
        .arg("compose")
        .output()
        .unwrap();
    assert!(output.status.success());
    let printed = String::from_utf8(output.stdout).unwrap();
    let kept = fs_err::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docker-compose.yml")).unwrap();
    assert!(
        printed == kept,
        "docker-compose.yml is not what infra/src/service.rs says; `cargo run -p infra -- compose > docker-compose.yml` \
         mends it\n\nprinted:\n{printed}"
    );
}
