//! The `Date` of responses.

use std::time::{Duration, SystemTime};

use httpdate::parse_http_date;

use crate::support::http::{Response, get, send};
use crate::support::process::Process;
use crate::support::wait::until_true;

fn date(response: &Response) -> SystemTime {
    parse_http_date(response.header("date")).expect("a date")
}

#[tokio::test]
async fn every_response_has_the_date_at_which_it_was_made() {
    let player = Process::start(&["player", "--side", "ping"]);
    let started = SystemTime::now();
    // One that stands still never gets there.
    until_true("a response of three seconds later", async || {
        date(&get(player.listen, "/", &[]).await) > started + Duration::from_secs(3)
    })
    .await;
    for response in [
        get(player.listen, "/", &[]).await,
        get(player.listen, "/no", &[]).await,
        get(player.listen, "/", &["Pong-To: manager"]).await,
        get(player.admin, "/healthz", &[]).await,
        send(player.listen, "nonsense\r\n\r\n").await.expect("a response"),
    ] {
        let dates = response.headers.iter().filter(|(name, _)| name == "date").count();
        assert_eq!(dates, 1, "{response:?}");
        // It has no fractions of a second.
        assert!(date(&response) > started + Duration::from_secs(2), "{response:?}");
        assert!(date(&response) <= SystemTime::now(), "{response:?}");
    }
}
