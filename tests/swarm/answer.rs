//! What a client makes of an answer: a rally is only one if the game's own rules agree.

use std::fmt;

use court::event::{Ended, Stroke};
use rally::{MAX_ROUNDS, Outcome, Rally, Side, Verdict};
use reqwest::{Response, StatusCode};
use serde::Deserialize;

/// How a client asks.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Format {
    Text,
    Json,
    NdJson,
}

impl Format {
    pub(crate) const ALL: [Self; 3] = [Self::NdJson, Self::Text, Self::Json];

    /// Where it asks: the text tells who played only on request.
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

/// A complete, lawful rally.
#[derive(Debug)]
pub(crate) struct Played {
    /// The manager's life and the rally's number in it.
    pub(crate) id: String,
    /// The builds of the manager and of the proxy.
    pub(crate) releases: [String; 2],
    pub(crate) verdict: Verdict,
    pub(crate) strokes: Vec<Shot>,
}

/// One stroke.
#[derive(Debug)]
pub(crate) struct Shot {
    pub(crate) side: Side,
    pub(crate) outcome: Outcome,
    pub(crate) player: String,
    /// The player's build, which the text does not tell.
    pub(crate) release: Option<String>,
}

/// Why a request came to no rally.
#[derive(Clone, Debug)]
pub(crate) enum Trouble {
    /// No connection came about: the port is closed.
    Closed(String),
    /// A 503 with a reason and a time to come back.
    Refused(String),
    /// Anything else; a rally may have been lost.
    Lost(String),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed(why) => write!(f, "closed: {why}"),
            Self::Refused(why) => write!(f, "refused: {why}"),
            Self::Lost(why) => write!(f, "lost: {why}"),
        }
    }
}

impl Played {
    /// The manager's life: what comes before the number in a rally's id.
    pub(crate) fn incarnation(&self) -> &str {
        self.id.split('-').next().unwrap_or_default()
    }
}

/// Reads an answer to its end and holds it to the rules.
pub(crate) async fn read(answer: Response, format: Format, node: &str) -> Result<Played, Trouble> {
    let status = answer.status();
    let header = |name: &str| {
        let value = answer.headers().get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let id = header("pong-rally");
    let manager = header("pong-manager");
    let releases = [release(&header("server")), release(&header("via"))];
    let (proxy, retry_after) = (header("pong-proxy"), header("retry-after"));
    let body = answer.text().await.map_err(|error| Trouble::Lost(why(&error)))?;
    if status == StatusCode::SERVICE_UNAVAILABLE && !retry_after.is_empty() && body.len() > 1 {
        return Err(Trouble::Refused(body.trim().to_owned()));
    }
    let lost = |what: &str| Trouble::Lost(format!("{what}: {status} {id} {body:?}"));
    if status != StatusCode::OK {
        return Err(lost("not a rally"));
    }
    if proxy != node || id.is_empty() || !manager.contains('@') {
        return Err(lost("without its names"));
    }
    let (strokes, verdict) = match format {
        Format::Text => text(&body),
        Format::Json => json(&body, &id),
        Format::NdJson => ndjson(&body, &id),
    }
    .ok_or_else(|| lost("unreadable"))?;
    let verdict = replay(&strokes, &verdict).ok_or_else(|| lost("against the rules"))?;
    Ok(Played { id, releases, verdict, strokes })
}

/// Plays the strokes again; returns the verdict if it is the one the answer names.
fn replay(strokes: &[Shot], named: &str) -> Option<Verdict> {
    let mut rally = Rally::new(MAX_ROUNDS);
    for stroke in strokes {
        (rally.to_play() == Some(stroke.side)).then(|| rally.record(stroke.outcome))?;
    }
    if named.starts_with("LET") || named == "let" {
        rally.call_let();
    }
    rally.verdict().filter(|verdict| verdict.to_string() == named || verdict.name() == named)
}

fn text(body: &str) -> Option<(Vec<Shot>, String)> {
    let (strokes, verdict) = match body.strip_suffix('\n')?.rsplit_once('\n') {
        Some((strokes, verdict)) => (strokes, verdict),
        None => ("", body.trim_end()),
    };
    let shot = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [side, "-->", outcome, player, _, "ms"] = words[..] else { return None };
        let (side, outcome) = (side.to_lowercase(), Outcome::try_from(outcome.as_bytes()));
        let (side, outcome) = (side.parse().ok()?, outcome.ok()?);
        Some(Shot { side, outcome, player: player.to_owned(), release: None })
    };
    Some((strokes.lines().map(shot).collect::<Option<_>>()?, verdict.to_owned()))
}

fn ndjson(body: &str, id: &str) -> Option<(Vec<Shot>, String)> {
    let (strokes, end) = body.strip_suffix('\n')?.rsplit_once('\n').unwrap_or(("", body));
    let strokes: Vec<Stroke> =
        strokes.lines().map(|line| serde_json::from_str(line).ok()).collect::<Option<_>>()?;
    told(strokes, serde_json::from_str(end).ok()?, id)
}

fn json(body: &str, id: &str) -> Option<(Vec<Shot>, String)> {
    #[derive(Deserialize)]
    struct Whole {
        played: Vec<Stroke>,
        #[serde(flatten)]
        end: Ended,
    }
    let Whole { played, end } = serde_json::from_str(body).ok()?;
    told(played, end, id)
}

fn told(strokes: Vec<Stroke>, end: Ended, id: &str) -> Option<(Vec<Shot>, String)> {
    let in_order = strokes.iter().zip(1..).all(|(stroke, n)| stroke.n == n && stroke.rally == id);
    let whole = in_order && end.rally == id && usize::from(end.strokes) == strokes.len();
    let shot = |Stroke { side, outcome, player, release, .. }| Shot {
        side,
        outcome,
        player: player.to_string(),
        release: release.map(String::from),
    };
    whole.then(|| (strokes.into_iter().map(shot).collect(), end.verdict.into_owned()))
}

/// Finds the release in `swarm-pong/RELEASE`, wherever it stands.
fn release(text: &str) -> String {
    let release = text.rsplit("swarm-pong/").next().unwrap_or_default();
    release.trim_end_matches(')').to_owned()
}

/// Tells an error down to its cause.
pub(crate) fn why(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
