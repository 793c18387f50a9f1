//! What a connection knows of itself.

use super::*;

fn connection() -> ClientState {
    ClientState::new(1, "127.0.0.1:1".parse().unwrap())
}

#[test]
fn half_closed_client_is_waiting_from_the_last_byte_it_took() {
    let connection = connection();
    connection.request_began(true);
    assert_eq!(connection.half_closed(), None);
    connection.sending_side_closed();
    let since = connection
        .half_closed()
        .expect("it waits, also while the app takes the body");
    while Instant::now() == since {}
    connection.write_went(true);
    assert!(connection.half_closed() > Some(since), "the response moves");
    connection.response_ended();
    assert_eq!(connection.half_closed(), None);
}
