//! The paths between the nodes, on a terminal.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use court::client::{client, read};
use court::fault::Fault;
use court::path::{FORMAT, Paths};
use court::task::Task;
use reqwest::Url;
use tokio::time::{Instant, sleep, timeout};

mod table;

use table::table;

/// How long the answer may take: a proxy tries several scoreboards for up to 10 s.
const PATIENCE: Duration = Duration::from_secs(12);

/// How long a scoreboard may know of no proxy: it asks them each second.
const JUST_STARTED: Duration = Duration::from_secs(3);

/// The pause before it is asked again.
const AGAIN: Duration = Duration::from_millis(500);

/// The most bytes of an answer: that of a thousand nodes with 16 paths each.
const MOST: usize = 8 * 1024 * 1024;

/// Holds whom to ask.
#[derive(Args, Clone, Debug)]
pub struct PathsOptions {
    /// Any node's port 3000, or a scoreboard: http://HOST:PORT; without a port it is 3000
    #[arg(env = "PONG_URL", value_name = "URL", default_value = "http://127.0.0.1:3000",
        value_parser = url)]
    pub url: Url,
}

/// Reads where to ask; without a port it is 3000.
fn url(text: &str) -> Result<Url, String> {
    let shape = "not http://HOST[:PORT], such as http://pi1:3000";
    let mut url: Url = text.parse().map_err(|_| shape.to_owned())?;
    let bare = url.path() == "/" && url.query().is_none() && url.username().is_empty();
    if url.scheme() != "http" || !bare {
        return Err(shape.to_owned());
    }
    // What says :80 says nothing to the parser, since that is the usual port.
    if url.port().is_none() && !text.trim_end_matches('/').ends_with(":80") {
        url.set_port(Some(3000)).map_err(|()| shape.to_owned())?;
    }
    url.set_path("/paths");
    Ok(url)
}

/// Says why it cannot be told how the paths are, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum CannotTell {
    /// Nothing that speaks HTTP answered.
    #[error(
        "{0}: {1}; is a swarm-pong proxy there? Start one ('swarm-pong demo'), or name another \
         node's: swarm-pong paths http://NODE:3000"
    )]
    NoAnswer(Url, Fault),
    /// A proxy answered, but nobody behind it.
    #[error(
        "{0}: {1}; the proxy reaches no scoreboard: start one, such as with 'docker service scale \
         pong_scoreboard=2'"
    )]
    NoScoreboard(Url, Fault),
    /// Something else answered, or another version.
    #[error(
        "{0}: not the paths of a swarm-pong {version} (format {FORMAT}); ask a node's port 3000 \
         with the version that runs there",
        version = env!("CARGO_PKG_VERSION")
    )]
    Unreadable(Url),
    /// A scoreboard answered that has heard of no proxy.
    #[error(
        "{0}: {1} has heard of no proxy, so nothing is measured; when it has only just started, try \
         again, else see whether its option --whoami names the proxies"
    )]
    NothingMeasured(Url, Task),
}

/// Prints the paths; the exit code tells whether one is broken.
///
/// # Errors
///
/// [`CannotTell`], when nobody answers who knows.
pub async fn run(
    options: &PathsOptions,
    colour: bool,
    out: &mut impl Write,
) -> Result<ExitCode, CannotTell> {
    let patience = Instant::now() + JUST_STARTED;
    let paths = loop {
        let paths = ask(&options.url).await?;
        if paths.nodes > 0 {
            break paths;
        }
        if Instant::now() >= patience {
            return Err(CannotTell::NothingMeasured(options.url.clone(), paths.board));
        }
        sleep(AGAIN).await;
    };
    // Nobody may be reading; the exit code tells it too.
    let _ = out.write_all(table(&paths, colour).as_bytes());
    Ok(ExitCode::from(u8::from(paths.broken > 0)))
}

async fn ask(url: &Url) -> Result<Paths, CannotTell> {
    let answer = async { read(client().get(url.clone()).send().await?, MOST).await };
    let body = match timeout(PATIENCE, answer).await.unwrap_or(Err(Fault::Timeout)) {
        Ok(body) => body,
        Err(fault @ Fault::Status(status)) if matches!(status.as_u16(), 502..=504) => {
            return Err(CannotTell::NoScoreboard(url.clone(), fault));
        }
        Err(Fault::Status(_) | Fault::Body | Fault::Protocol) => {
            return Err(CannotTell::Unreadable(url.clone()));
        }
        Err(fault) => return Err(CannotTell::NoAnswer(url.clone(), fault)),
    };
    let paths = serde_json::from_slice(&body).ok().filter(|paths: &Paths| paths.format == FORMAT);
    paths.ok_or_else(|| CannotTell::Unreadable(url.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_and_its_port_3000_unless_told() {
        for (text, asked) in [
            ("http://pi1", "http://pi1:3000/paths"),
            ("http://pi1:8080/", "http://pi1:8080/paths"),
            ("http://pi1:80", "http://pi1/paths"),
            ("http://[fd00::4]", "http://[fd00::4]:3000/paths"),
        ] {
            assert_eq!(url(text).expect("lawful").as_str(), asked);
        }
        for text in
            ["", "pi1", "pi1:3000", "https://pi1", "http://pi1/rally", "http://a@pi1", "http://"]
        {
            assert!(url(text).is_err(), "{text}");
        }
    }
}
