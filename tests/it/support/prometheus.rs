//! A real Prometheus, and what it answers.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, interval};

use super::http::{Response, ask};

/// How long Prometheus may take to notice something, on a busy machine: three scrapes, two
/// evaluations and the longest `for` of a rule.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The labels of a series, and its value.
pub(crate) type Sample = (BTreeMap<String, String>, f64);

/// A client of a Prometheus, wherever it runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asker(pub(crate) SocketAddr);

/// A Prometheus of the test's own.
pub(crate) struct Prometheus {
    child: Child,
    data: PathBuf,
    pub(crate) asker: Asker,
}

impl Prometheus {
    /// Starts one and waits until it is ready.
    pub(crate) async fn start(config: &Path, listen: SocketAddr) -> Self {
        let data = format!("prometheus-{}-{}", std::process::id(), listen.port());
        let data = Path::new(env!("CARGO_TARGET_TMPDIR")).join(data);
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", data.display()))
            .arg(format!("--web.listen-address={listen}"))
            .arg("--log.level=warn")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("prometheus is installed: see tests/monitoring/run");
        let prometheus = Self { child, data, asker: Asker(listen) };
        prometheus
            .asker
            .until("Prometheus is ready", async |asker| {
                let ready = ask(asker.0, "GET", "/-/ready", &["Connection: close"]).await;
                ready.is_ok_and(|answer| answer.status == 200).then_some(())
            })
            .await;
        prometheus
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.data);
    }
}

impl Asker {
    /// Waits until there is what is looked for.
    pub(crate) async fn until<T>(
        &self,
        what: &str,
        mut look: impl AsyncFnMut(&Self) -> Option<T>,
    ) -> T {
        let deadline = Instant::now() + TIMEOUT;
        let mut beat = interval(Duration::from_millis(250));
        loop {
            if let Some(found) = look(self).await {
                return found;
            }
            assert!(Instant::now() < deadline, "never: {what}");
            beat.tick().await;
        }
    }

    async fn api(&self, path: &str) -> Value {
        let response: Response =
            ask(self.0, "GET", &format!("/api/v1/{path}"), &["Connection: close"])
                .await
                .expect("Prometheus answers");
        let answer = response.json();
        assert_eq!(answer["status"], "success", "{path}: {answer}");
        answer["data"].clone()
    }

    /// Evaluates an expression now; one that cannot be parsed is a failure.
    pub(crate) async fn query(&self, expression: &str) -> Vec<Sample> {
        let data = self.api(&format!("query?query={}", encoded(expression))).await;
        let value = |value: &Value| value[1].as_str().expect("a value").parse().expect("a number");
        match data["resultType"].as_str() {
            Some("vector") => {
                let series = data["result"].as_array().expect("series").iter();
                series.map(|one| (labels(&one["metric"]), value(&one["value"]))).collect()
            }
            Some("scalar") => vec![(BTreeMap::new(), value(&data["result"]))],
            other => panic!("{expression} is a {other:?}"),
        }
    }

    /// Evaluates an expression that comes to one number, or to nothing.
    pub(crate) async fn number(&self, expression: &str) -> Option<f64> {
        let samples = self.query(expression).await;
        assert!(samples.len() <= 1, "{expression}: {samples:?}");
        samples.first().map(|(_, value)| *value)
    }

    /// Waits until an expression comes to this number.
    pub(crate) async fn until_number(&self, expression: &str, wanted: f64) {
        let mut last = None;
        let look = async |asker: &Self| {
            last = asker.number(expression).await;
            (last == Some(wanted)).then_some(())
        };
        self.until(&format!("{expression} = {wanted}"), look).await;
    }

    /// Returns each target with its job, address and health: `up`, `down` or `unknown`.
    pub(crate) async fn targets(&self) -> Vec<[String; 3]> {
        let targets = self.api("targets?state=active").await;
        let targets = targets["activeTargets"].as_array().expect("targets").iter();
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        let target = |one: &Value| {
            let labels = &one["labels"];
            [text(&labels["job"]), text(&labels["instance"]), text(&one["health"])]
        };
        let mut targets: Vec<_> = targets.map(target).collect();
        targets.sort();
        targets
    }

    /// Returns the labels of all alerts that fire.
    pub(crate) async fn firing(&self) -> Vec<BTreeMap<String, String>> {
        let alerts = self.api("alerts").await;
        let alerts = alerts["alerts"].as_array().expect("alerts").iter();
        let firing = alerts.filter(|alert| alert["state"] == "firing");
        firing.map(|alert| labels(&alert["labels"])).collect()
    }
}

fn labels(object: &Value) -> BTreeMap<String, String> {
    let labels = object.as_object().expect("labels").iter();
    labels.map(|(name, value)| (name.clone(), value.as_str().expect("text").to_owned())).collect()
}

/// Writes what a query may not have as it stands.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut url, byte| {
        if byte.is_ascii_alphanumeric() {
            url.push(byte.into());
        } else {
            // Writing to a string does not fail.
            let _ = write!(url, "%{byte:02X}");
        }
        url
    })
}

/// Runs promtool with something to read; returns whether it was content, and all it said.
pub(crate) fn promtool(arguments: &[&str], input: &str) -> (bool, String) {
    let mut promtool = Command::new("promtool")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool is installed: see tests/monitoring/run");
    let mut stdin = promtool.stdin.take().expect("piped");
    // What it does not want to read is no failure of ours.
    let _ = std::io::Write::write_all(&mut stdin, input.as_bytes());
    drop(stdin);
    let output = promtool.wait_with_output().expect("a child");
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}
