//! The command `paths`: the health of the paths between nodes, on a terminal.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use clap::builder::BoolishValueParser;
use client::fault::Fault;
use client::http::{get, read};
use hyper::body::Incoming;
use hyper::header::SERVER;
use hyper::http::uri::{PathAndQuery, Scheme};
use hyper::{Response, Uri};
use protocol::headers::{FROM, parse_server};
use protocol::path::{FORMAT, PathList};
use protocol::service::Service;
use protocol::task::Task;
use protocol::timeline::{self, Timeline};
use protocol::timing::PATHS_REQUEST_TIMEOUT;
use serde::Serialize;
use serde::de::DeserializeOwned;
use server::duration::{InvalidDuration, parse_duration};
use tokio::time::{Instant, sleep, timeout};

use crate::program::program;

mod columns;
mod history;
mod ports;
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
    /// Any node, or a scoreboard: pi1, pi1:3000 or http://pi1:3000; the port defaults to 3000
    #[arg(env = "PONG_URL", value_name = "NODE", default_value = "127.0.0.1:3000",
        value_parser = parse_url)]
    pub url: Uri,

    /// Print the JSON of GET /paths instead of a table, or of GET /timeline
    #[arg(long, env = "PONG_JSON", value_parser = BoolishValueParser::new())]
    pub json: bool,

    /// Print which paths and nodes were in trouble, when and for how long, the newest last
    #[arg(long)]
    pub history: bool,

    /// Print it as it happens, until interrupted
    #[arg(long, conflicts_with_all = ["history", "json"])]
    pub watch: bool,

    /// How long to wait for an answer, 10ms to 1m [default: 12s, by which a proxy has answered]
    #[arg(long, env = "PONG_TIMEOUT", value_name = "TIME", value_parser = parse_timeout)]
    pub timeout: Option<Duration>,
}

fn parse_timeout(text: &str) -> Result<Duration, InvalidDuration> {
    parse_duration(text, Duration::from_millis(10), Duration::from_secs(60))
}

/// Parses where to ask; without a scheme it is HTTP, and without a port 3000.
fn parse_url(text: &str) -> Result<Uri, String> {
    let shape = || "not HOST[:PORT], such as pi1 or pi1:3000".to_owned();
    let full = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let uri: Uri = full.parse().map_err(|_| shape())?;
    let authority = uri.authority().ok_or_else(shape)?;
    let (host, port) = (authority.host(), authority.port_u16().unwrap_or(3000));
    // What is left over is a user's name, or a port that is no number.
    let is_whole = [host.to_owned(), format!("{host}:{port}")].contains(&authority.to_string());
    let is_root = uri.path() == "/" && uri.query().is_none();
    if uri.scheme() != Some(&Scheme::HTTP) || host.is_empty() || !is_whole || !is_root {
        return Err(shape());
    }
    format!("http://{host}:{port}/").parse().map_err(|_| shape())
}

/// The error returned when the health of the paths is unknown, with what to do.
#[derive(Debug, thiserror::Error)]
pub enum PathsError {
    /// Nothing that speaks HTTP answered.
    #[error(
        "{0}: {1}; is a swarm-pong proxy there? Start one ('{program} demo'), or name another \
         node: {program} paths NODE",
        program = program()
    )]
    NoAnswer(Uri, Fault),
    /// The name in the URL has no address.
    #[error(
        "{0}: {fault}; check the name, or give an address: {program} paths ADDRESS",
        fault = Fault::Dns,
        program = program()
    )]
    NoSuchName(Uri),
    /// A proxy answered, but no scoreboard behind it.
    #[error(
        "{0}: {1}; the proxy reaches no scoreboard: start one, with 'docker service scale \
         pong_scoreboard=2' in a stack, else with '{program} scoreboard'",
        program = program()
    )]
    NoScoreboard(Uri, Fault),
    /// Something else answered, or another version.
    #[error(
        "{0}: not the paths of a swarm-pong {version} (format {FORMAT}): {1}; ask a node's port 3000 \
         with the version that runs there",
        version = env!("CARGO_PKG_VERSION")
    )]
    Unreadable(Uri, String),
    /// A scoreboard answered that knows of no proxy.
    #[error(
        "{0}: {1} has no probe reports yet; if it has only just started, retry, else check that its \
         option --tasks names the proxies"
    )]
    NothingMeasured(Uri, Box<Task>),
    /// The table could not be written.
    #[error("the table could not be written: {0}")]
    Output(#[from] io::Error),
}

/// Prints the health of the paths; the exit code says whether one is broken or loses packets, a port is
/// broken, or a node is in trouble.
///
/// # Errors
///
/// [`PathsError`], when no scoreboard responds or the table cannot be written.
pub async fn run(
    options: &PathsOptions,
    color: bool,
    out: &mut impl Write,
) -> Result<ExitCode, PathsError> {
    let patience = options.timeout.unwrap_or(PATHS_REQUEST_TIMEOUT);
    if options.history || options.watch {
        return history::run(options, patience, out).await;
    }
    let give_up_at = Instant::now() + STARTUP_GRACE.min(patience);
    let list = loop {
        let list: PathList = ask(&options.url, "/paths", patience).await?;
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
    let text = if options.json { json(&list) } else { render(&list, color) };
    write(out, &text)?;
    let is_well = list.broken == 0
        && list.lossy == 0
        && list.troubles.is_empty()
        && list.broken_ports().next().is_none();
    Ok(ExitCode::from(u8::from(!is_well)))
}

/// Writes a text; returns whether anybody still reads.
fn write(out: &mut impl Write, text: &str) -> Result<bool, PathsError> {
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // Nobody is reading any more, as before 'head'; the exit code says it too.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        written => Ok(written.map(|()| true)?),
    }
}

/// Renders a document as a scoreboard does.
fn json(document: &impl Serialize) -> String {
    serde_json::to_string(document).expect("numbers and names") + "\n"
}

/// A document of a scoreboard.
trait Document: DeserializeOwned {
    /// Returns whether it has the format of this version.
    fn is_of_this_format(&self) -> bool;
}

impl Document for PathList {
    fn is_of_this_format(&self) -> bool {
        self.format == FORMAT
    }
}

impl Document for Timeline {
    fn is_of_this_format(&self) -> bool {
        self.format == timeline::FORMAT
    }
}

/// Asks for a document, at a path of the scoreboard.
async fn ask<T: Document>(
    url: &Uri,
    path: &'static str,
    patience: Duration,
) -> Result<T, PathsError> {
    let mut parts = url.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::from_static(path));
    let url = Uri::from_parts(parts).expect("only the path is another");
    let mut who = "what answers there does not speak HTTP".to_owned();
    let request = async {
        let response = get(url.clone()).await?;
        who = describe(&response);
        read(response, MAX_BODY_BYTES).await
    };
    let response = timeout(patience, request).await;
    let body = match response.unwrap_or(Err(Fault::Timeout)) {
        Ok(body) => body,
        Err(fault @ Fault::Status(status)) if matches!(status.as_u16(), 502..=504) => {
            return Err(PathsError::NoScoreboard(url, fault));
        }
        Err(Fault::Status(_) | Fault::Body | Fault::Protocol) => {
            return Err(PathsError::Unreadable(url, who));
        }
        Err(Fault::Dns) => return Err(PathsError::NoSuchName(url)),
        Err(fault) => return Err(PathsError::NoAnswer(url, fault)),
    };
    let document = serde_json::from_slice(&body).ok().filter(T::is_of_this_format);
    document.ok_or(PathsError::Unreadable(url, who))
}

/// Returns who answered, and how. What a stranger says of itself is shortened, and kept off the
/// terminal unless it is plain text.
fn describe(response: &Response<Incoming>) -> String {
    let status = response.status();
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
    let service = header(FROM).and_then(|name| name.parse::<Service>().ok());
    let server = header(SERVER.as_str());
    match (service, server) {
        (Some(service @ (Service::Proxy | Service::Light)), _) => {
            format!("the admin port of a {service} answers there ({status})")
        }
        (Some(service), _) => format!("a {service} answers there ({status})"),
        (None, Some(ours)) if parse_server(ours).is_some() => {
            format!("{ours} answers there ({status})")
        }
        (None, Some(other)) => {
            let plain = |c: &char| c.is_ascii_graphic() || *c == ' ';
            let name: String = other.chars().filter(plain).take(40).collect();
            format!("'{name}' answers there ({status})")
        }
        (None, None) => format!("a server without a name answers there ({status})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_defaults_to_3000() {
        for (text, asked) in [
            ("http://pi1", "http://pi1:3000/"),
            ("http://pi1:8080/", "http://pi1:8080/"),
            ("http://pi1:80", "http://pi1:80/"),
            ("http://[fd00::4]", "http://[fd00::4]:3000/"),
            ("pi1", "http://pi1:3000/"),
            ("pi1:3000", "http://pi1:3000/"),
            ("pi1:80", "http://pi1:80/"),
            ("10.0.9.4", "http://10.0.9.4:3000/"),
            ("[fd00::4]:8080", "http://[fd00::4]:8080/"),
        ] {
            assert_eq!(parse_url(text).expect("valid"), asked);
        }
        for text in [
            "",
            ":3000",
            "pi1:x",
            "pi1:",
            "pi1:70000",
            "pi1/rally",
            "https://pi1",
            "http://a@pi1",
            "http://",
            "a b",
        ] {
            assert!(parse_url(text).is_err(), "{text}");
        }
    }
}
