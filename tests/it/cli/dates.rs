//! The `Date` of responses.

use std::time::{Duration, SystemTime};

use httpdate::parse_http_date;

use crate::support::http::{Connection, Response, get};
use crate::support::process::Process;
use crate::support::wait::until_true;

/// Sends what is no request.
async fn send_nonsense(player: &Process) -> Response {
    let mut connection = Connection::open(player.listen).await.expect("connected");
    connection.send("nonsense\r\n\r\n").await.expect("sent");
    connection.response().await.expect("a response")
}

#[tokio::test]
async fn every_response_has_the_date_at_which_it_was_made() {
    let player = Process::start(&["player", "--side", "ping"]);
    let started = SystemTime::now();
    // A date that stands still differs from the time by then.
    until_true("three seconds later", async || {
        started.elapsed().is_ok_and(|time| time > Duration::from_secs(3))
    })
    .await;
    for response in [
        get(player.listen, "/", &[]).await,
        get(player.listen, "/no", &[]).await,
        get(player.listen, "/", &["Pong-To: manager"]).await,
        get(player.admin, "/healthz", &[]).await,
        send_nonsense(&player).await,
    ] {
        let dates = response.headers.iter().filter(|(name, _)| name == "date").count();
        assert_eq!(dates, 1, "{response:?}");
        let date = parse_http_date(response.header("date")).expect("a date");
        // It has no fractions of a second.
        assert!(date > started + Duration::from_secs(2), "{response:?}");
        assert!(date <= SystemTime::now(), "{response:?}");
    }
}

#[tokio::test]
async fn what_is_no_request_is_refused_with_the_reason() {
    let player = Process::start(&["player", "--side", "ping"]);
    let refusal = send_nonsense(&player).await;
    assert_eq!((refusal.status, refusal.closes()), (400, true), "{refusal:?}");
    assert!(refusal.body.starts_with("this is not a request of HTTP/1.1: "), "{refusal:?}");
}
