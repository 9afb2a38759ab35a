//! The command `paths`: the health of the paths between nodes, on a terminal.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use client::fault::Fault;
use client::http::{client, read};
use protocol::path::{FORMAT, PathList};
use protocol::task::Task;
use protocol::timing::PATHS_REQUEST_TIMEOUT;
use reqwest::Url;
use tokio::time::{Instant, sleep, timeout};

mod remedies;
mod table;

use table::render;

/// How long a scoreboard may know of no proxy: it asks them each second.
const STARTUP_GRACE: Duration = Duration::from_secs(3);

/// The pause before it is asked again.
const RETRY_PAUSE: Duration = Duration::from_millis(500);

/// Maximum size of a response in bytes: that of a thousand nodes with 16 paths each.
const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;

/// The options of the command `paths`.
#[derive(Args, Clone, Debug)]
pub struct PathsOptions {
    /// Any node's port 3000, or a scoreboard: http://HOST:PORT; the port defaults to 3000
    #[arg(env = "PONG_URL", value_name = "URL", default_value = "http://127.0.0.1:3000",
        value_parser = parse_url)]
    pub url: Url,
}

/// Parses where to ask; without a port it is 3000.
fn parse_url(text: &str) -> Result<Url, String> {
    let shape = "not http://HOST[:PORT], such as http://pi1:3000";
    let mut url: Url = text.parse().map_err(|_| shape.to_owned())?;
    let bare = url.path() == "/" && url.query().is_none() && url.username().is_empty();
    if url.scheme() != "http" || !bare {
        return Err(shape.to_owned());
    }
    // The parser drops :80, since that is the default port of HTTP.
    if url.port().is_none() && !text.trim_end_matches('/').ends_with(":80") {
        url.set_port(Some(3000)).map_err(|()| shape.to_owned())?;
    }
    url.set_path("/paths");
    Ok(url)
}

/// The error returned when the health of the paths is unknown, with what to do.
#[derive(Debug, thiserror::Error)]
pub enum PathsError {
    /// Nothing that speaks HTTP answered.
    #[error(
        "{0}: {1}; is a swarm-pong proxy there? Start one ('swarm-pong demo'), or name another \
         node's: swarm-pong paths http://NODE:3000"
    )]
    NoAnswer(Url, Fault),
    /// The name in the URL has no address.
    #[error(
        "{0}: {fault}; check the name, or give an address: swarm-pong paths http://ADDRESS:3000",
        fault = Fault::Dns
    )]
    NoSuchName(Url),
    /// A proxy answered, but no scoreboard behind it.
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
    /// A scoreboard answered that knows of no proxy.
    #[error(
        "{0}: {1} has no probe reports yet; if it has only just started, retry, else check that its \
         option --tasks names the proxies"
    )]
    NothingMeasured(Url, Box<Task>),
    /// The table could not be written.
    #[error("the table could not be written: {0}")]
    Output(#[from] io::Error),
}

/// Prints the health of the paths; the exit code says whether one is broken or a node in trouble.
///
/// # Errors
///
/// [`PathsError`], when no scoreboard responds or the table cannot be written.
pub async fn run(
    options: &PathsOptions,
    color: bool,
    out: &mut impl Write,
) -> Result<ExitCode, PathsError> {
    let give_up_at = Instant::now() + STARTUP_GRACE;
    let list = loop {
        let list = ask(&options.url).await?;
        if list.nodes > 0 {
            break list;
        }
        if Instant::now() >= give_up_at {
            return Err(PathsError::NothingMeasured(
                options.url.clone(),
                Box::new(list.scoreboard),
            ));
        }
        sleep(RETRY_PAUSE).await;
    };
    let written = out.write_all(render(&list, color).as_bytes()).and_then(|()| out.flush());
    match written {
        // Nobody is reading any more, as before 'head'; the exit code says it too.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        written => written?,
    }
    Ok(ExitCode::from(u8::from(list.broken > 0 || !list.troubles.is_empty())))
}

async fn ask(url: &Url) -> Result<PathList, PathsError> {
    let request = async {
        let mut response = client().get(url.clone()).send().await?;
        read(&mut response, MAX_BODY_BYTES).await
    };
    let response = timeout(PATHS_REQUEST_TIMEOUT, request).await;
    let body = match response.unwrap_or(Err(Fault::Timeout)) {
        Ok(body) => body,
        Err(fault @ Fault::Status(status)) if matches!(status.as_u16(), 502..=504) => {
            return Err(PathsError::NoScoreboard(url.clone(), fault));
        }
        Err(Fault::Status(_) | Fault::Body | Fault::Protocol) => {
            return Err(PathsError::Unreadable(url.clone()));
        }
        Err(Fault::Dns) => return Err(PathsError::NoSuchName(url.clone())),
        Err(fault) => return Err(PathsError::NoAnswer(url.clone(), fault)),
    };
    let list = serde_json::from_slice(&body).ok().filter(|list: &PathList| list.format == FORMAT);
    list.ok_or_else(|| PathsError::Unreadable(url.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_defaults_to_3000() {
        for (text, asked) in [
            ("http://pi1", "http://pi1:3000/paths"),
            ("http://pi1:8080/", "http://pi1:8080/paths"),
            ("http://pi1:80", "http://pi1/paths"),
            ("http://[fd00::4]", "http://[fd00::4]:3000/paths"),
        ] {
            assert_eq!(parse_url(text).expect("valid").as_str(), asked);
        }
        for text in
            ["", "pi1", "pi1:3000", "https://pi1", "http://pi1/rally", "http://a@pi1", "http://"]
        {
            assert!(parse_url(text).is_err(), "{text}");
        }
    }
}
