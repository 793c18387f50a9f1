//! The probes against the rules alone, without a socket.

use http::Version;
use http::header::CONNECTION;
use http_desync_guardian::RequestSafetyTier;
use penguin_proxy::head_scan::{Event, Framing, HeadScan, ScanLimits};
use penguin_proxy::reject_reason::RejectReason;

use super::judges::{parse, rules, tier};
use super::probes::{End, Outcome, all};

/// What the rules make of a whole connection, its bytes cut into pieces of `size`.
fn outcome(stream: &[u8], size: usize) -> Outcome {
    let mut scan = HeadScan::new(ScanLimits::default());
    let mut outcome = Outcome {
        statuses: Vec::new(),
        code: None,
        end: End::Kept,
    };
    let mut start = 0;
    let mut at = 0;
    let mut last = false;
    for piece in stream.chunks(size) {
        let end = at + piece.len();
        while at < end {
            let step = scan.next(&stream[at..end]);
            at += step.taken;
            let mut answered = false;
            match step.event {
                Event::Partial => {}
                Event::Refused(refusal) => return refused(outcome, refusal),
                Event::Head(framing) => {
                    let mut head = parse(&stream[start..at]);
                    let closes = head.headers.get(CONNECTION).is_some_and(|value| value == "close");
                    let keeps = head
                        .headers
                        .get(CONNECTION)
                        .is_some_and(|value| value == "keep-alive");
                    last = closes || head.version == Version::HTTP_10 && !keeps;
                    match rules().admit(&mut head) {
                        Ok(admitted) => last |= admitted.last_on_connection,
                        Err(refusal) => {
                            outcome = refused(outcome, refusal);
                            if refusal.closes() {
                                return outcome;
                            }
                            start = at;
                            continue;
                        }
                    }
                    answered = framing == Framing::Length(0);
                }
                Event::End => answered = true,
            }
            if answered {
                outcome.statuses.push(200);
                start = at;
                if last {
                    outcome.end = End::Closed;
                    return outcome;
                }
            }
        }
    }
    // Empty lines begin no message.
    if stream[start..].iter().any(|byte| !b"\r\n".contains(byte)) {
        outcome.end = End::Waiting;
    }
    outcome
}

fn refused(mut outcome: Outcome, refusal: RejectReason) -> Outcome {
    outcome.statuses.push(refusal.status().as_u16());
    outcome.code = Some(refusal.code().to_owned());
    outcome.end = if refusal.closes() { End::Closed } else { End::Kept };
    outcome
}

#[test]
fn probes_meet_their_rules() {
    for probe in all() {
        for size in [probe.bytes.len(), 1, 7] {
            assert_eq!(
                outcome(&probe.bytes, size),
                probe.expected,
                "{} in pieces of {size}",
                probe.title
            );
        }
    }
}

#[test]
fn no_probe_passes_against_the_load_balancers_advice() {
    for probe in all() {
        let passes = probe.expected.code.is_none();
        match tier(&probe.bytes) {
            RequestSafetyTier::Severe => assert!(!passes, "{} passes", probe.title),
            RequestSafetyTier::Ambiguous => {
                assert_ne!(
                    probe.expected.end,
                    End::Kept,
                    "{} keeps its connection",
                    probe.title
                );
            }
            _ => {}
        }
    }
}
