//! The client's view of a response: it is a rally only if the rules of the game agree.

use std::fmt;

use game::{MAX_ROUNDS, Outcome, Rally, Score, Side, Verdict};
use protocol::event::{RallyResult, Stroke};
use protocol::headers;
use reqwest::{Response, StatusCode};
use serde::Deserialize;

/// The format that a client asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Format {
    Text,
    Json,
    NdJson,
}

impl Format {
    pub(crate) const ALL: [Self; 3] = [Self::NdJson, Self::Text, Self::Json];

    /// Returns the path of the request: text names players only on request.
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::Text => "/?who",
            Self::Json | Self::NdJson => "/",
        }
    }

    pub(crate) const fn media_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain",
            Self::Json => "application/json",
            Self::NdJson => "application/x-ndjson",
        }
    }
}

/// A complete, valid rally.
#[derive(Debug)]
pub(crate) struct ReceivedRally {
    /// The manager's instance and the rally's number.
    pub(crate) id: String,
    /// The manager's task and node.
    pub(crate) manager: String,
    /// The release of the manager.
    pub(crate) manager_release: String,
    /// The release of the proxy.
    pub(crate) proxy_release: String,
    pub(crate) verdict: Verdict,
    pub(crate) strokes: Vec<ReceivedStroke>,
}

/// One stroke.
#[derive(Debug)]
pub(crate) struct ReceivedStroke {
    pub(crate) side: Side,
    pub(crate) outcome: Outcome,
    pub(crate) player: String,
    /// The player's release, which text does not have.
    pub(crate) release: Option<String>,
}

/// Why a request did not get a rally.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    /// No connection: the port is closed.
    Closed(String),
    /// A 503 with a reason and `Retry-After`.
    Refused(String),
    /// A response that broke off after its head, of this manager.
    Cut { manager: String, reason: String },
    /// No response; a rally may have been lost.
    Lost(String),
    /// A complete response that is neither a rally by the rules nor such a 503.
    Invalid(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed(reason) => write!(f, "closed: {reason}"),
            Self::Refused(reason) => write!(f, "refused: {reason}"),
            Self::Cut { manager, reason } => write!(f, "cut, of {manager}: {reason}"),
            Self::Lost(reason) => write!(f, "lost: {reason}"),
            Self::Invalid(reason) => write!(f, "invalid: {reason}"),
        }
    }
}

impl ReceivedRally {
    /// Returns the manager's instance, which precedes the number in a rally's id.
    pub(crate) fn instance(&self) -> &str {
        self.id.split('-').next().unwrap_or_default()
    }

    /// Counts the rally and its strokes, as its manager did.
    pub(crate) fn count_in(&self, score: &mut Score) {
        let mut played = Rally::new(MAX_ROUNDS);
        for stroke in &self.strokes {
            score.count_stroke(stroke.side, stroke.outcome);
            played.record(stroke.outcome);
        }
        if matches!(self.verdict, Verdict::Let(_)) {
            played.call_let();
        }
        score.count_rally(&played);
    }
}

/// Reads a response to its end and checks it against the rules.
pub(crate) async fn read(
    response: Response,
    format: Format,
    node: &str,
) -> Result<ReceivedRally, Failure> {
    let status = response.status();
    let header = |name: &str| {
        let value = response.headers().get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let id = header(headers::RALLY);
    let manager = header(headers::MANAGER);
    let proxy = header(headers::PROXY);
    let manager_release = release(&header("server"));
    let proxy_release = release(&header("via"));
    let retry_after = header("retry-after");
    let body = match response.text().await {
        Ok(body) => body,
        Err(error) => return Err(Failure::Cut { manager, reason: with_causes(&error) }),
    };
    if status == StatusCode::SERVICE_UNAVAILABLE && !retry_after.is_empty() && body.len() > 1 {
        return Err(Failure::Refused(body.trim().to_owned()));
    }
    let invalid = |reason: &str| Failure::Invalid(format!("{reason}: {status} {id} {body:?}"));
    if status != StatusCode::OK {
        return Err(invalid("not a rally"));
    }
    // The node's id follows its name.
    let proxy = proxy.split('/').next().unwrap_or_default();
    if proxy != node || id.is_empty() || !manager.contains('@') {
        return Err(invalid("names are missing"));
    }
    let parsed = match format {
        Format::Text => parse_text(&body),
        Format::Json => parse_json(&body, &id),
        Format::NdJson => parse_ndjson(&body, &id),
    };
    let (strokes, verdict) = parsed.ok_or_else(|| invalid("unreadable"))?;
    let verdict = replay(&strokes, &verdict).ok_or_else(|| invalid("against the rules"))?;
    Ok(ReceivedRally { id, manager, manager_release, proxy_release, verdict, strokes })
}

/// Plays the strokes again; returns the verdict if it is the one in the response.
fn replay(strokes: &[ReceivedStroke], received: &str) -> Option<Verdict> {
    let mut rally = Rally::new(MAX_ROUNDS);
    for stroke in strokes {
        (rally.to_play() == Some(stroke.side)).then(|| rally.record(stroke.outcome))?;
    }
    if received.starts_with("LET") || received == "let" {
        rally.call_let();
    }
    rally.verdict().filter(|verdict| verdict.to_string() == received || verdict.name() == received)
}

fn parse_text(body: &str) -> Option<(Vec<ReceivedStroke>, String)> {
    let (strokes, verdict) = match body.strip_suffix('\n')?.rsplit_once('\n') {
        Some((strokes, verdict)) => (strokes, verdict),
        None => ("", body.trim_end()),
    };
    let parse_line = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [side, "-->", outcome, player, .., "ms"] = words[..] else { return None };
        let side = side.to_lowercase().parse().ok()?;
        let outcome = Outcome::try_from(outcome.as_bytes()).ok()?;
        Some(ReceivedStroke { side, outcome, player: player.to_owned(), release: None })
    };
    Some((strokes.lines().map(parse_line).collect::<Option<_>>()?, verdict.to_owned()))
}

fn parse_ndjson(body: &str, id: &str) -> Option<(Vec<ReceivedStroke>, String)> {
    let (strokes, end) = body.strip_suffix('\n')?.rsplit_once('\n').unwrap_or(("", body));
    let strokes: Vec<Stroke> =
        strokes.lines().map(|line| serde_json::from_str(line).ok()).collect::<Option<_>>()?;
    check(strokes, &serde_json::from_str(end).ok()?, id)
}

fn parse_json(body: &str, id: &str) -> Option<(Vec<ReceivedStroke>, String)> {
    #[derive(Deserialize)]
    struct WholeRally {
        played: Vec<Stroke>,
        #[serde(flatten)]
        result: RallyResult,
    }
    let WholeRally { played, result } = serde_json::from_str(body).ok()?;
    check(played, &result, id)
}

/// Returns the strokes and the verdict if they are complete, in order, and all of this rally.
fn check(
    strokes: Vec<Stroke>,
    result: &RallyResult,
    id: &str,
) -> Option<(Vec<ReceivedStroke>, String)> {
    let mut numbered = strokes.iter().zip(1..);
    let in_order = numbered.all(|(stroke, n)| stroke.n == n && stroke.rally.as_str() == id);
    let complete = usize::from(result.strokes) == strokes.len() && result.rally.as_str() == id;
    let received = |stroke: Stroke| ReceivedStroke {
        side: stroke.side,
        outcome: stroke.outcome,
        player: stroke.player.to_string(),
        release: stroke.release.map(String::from),
    };
    let verdict = result.end.name().to_owned();
    (in_order && complete).then(|| (strokes.into_iter().map(received).collect(), verdict))
}

/// Returns the release in `swarm-pong/RELEASE`, wherever it is in the text.
fn release(text: &str) -> String {
    let release = text.rsplit("swarm-pong/").next().unwrap_or_default();
    release.trim_end_matches(')').to_owned()
}

/// Formats an error with its causes.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
