//! What a connection knows of itself.

use super::*;

fn connection() -> Connection {
    Connection::new(1, "127.0.0.1:1".parse().unwrap())
}

#[test]
fn a_pipelined_head_counts_from_the_end_of_the_answer() {
    let connection = connection();
    connection.bytes_came();
    assert_eq!(connection.phase(), Phase::Head);
    connection.request_began(false);
    connection.bytes_came();
    connection.answer_ended();
    assert_eq!(
        connection.phase(),
        Phase::Head,
        "bytes of the next head are waiting"
    );
}

#[test]
fn half_a_head_that_came_with_the_request_before_it_has_begun() {
    let connection = connection();
    connection.holds_half_a_head(true);
    connection.bytes_came();
    connection.request_began(false);
    connection.answer_ended();
    assert_eq!(connection.phase(), Phase::Head);
}

#[test]
fn a_closed_sending_side_is_hidden_only_from_a_complete_request() {
    let connection = connection();
    assert!(!connection.sending_side_closed(), "idle: the client has left");
    connection.request_began(true);
    assert!(
        !connection.sending_side_closed(),
        "an upload that ends early is an abort"
    );
    connection.upload_ended(UploadEnd::Complete);
    assert!(
        connection.sending_side_closed(),
        "the client waits for its answer"
    );
    assert!(connection.half_closed().is_some());
}
