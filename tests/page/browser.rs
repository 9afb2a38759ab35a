//! A browser with its own driver and profile, ended when dropped.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use reqwest::{Method, Url};
use serde_json::{Value, json};
use tokio::time::{Instant, interval};

/// How long anything may take to appear on the page, on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(30);

/// No requests of the browser's own; and for root, no sandbox.
const FLAGS: [&str; 10] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
];

/// A running browser.
pub(crate) struct Browser {
    client: Client,
    driver: Child,
    port: u16,
    session: String,
    profile: PathBuf,
}

impl Browser {
    /// Starts a browser without a page.
    pub(crate) async fn start() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let n = COUNT.fetch_add(1, Ordering::Relaxed);
        let profile = format!("profile-{}-{n}", std::process::id());
        let profile = Path::new(env!("CARGO_TARGET_TMPDIR")).join(profile);
        let (driver, port) = (0..5)
            .find_map(|_| start_driver())
            .expect("chromedriver prints its port in one of five starts");

        let mut arguments: Vec<String> = FLAGS.map(str::to_owned).into();
        arguments.push(format!("--user-data-dir={}", profile.display()));
        let Value::Object(capabilities) = json!({
            "goog:chromeOptions": { "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL" },
        }) else {
            unreachable!("an object")
        };
        let connected = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await;
        let client = connected.expect("chromium starts");
        let session = client.session_id().await.expect("connected").expect("a session");
        let browser = Self { client, driver, port, session, profile };
        browser.size(1440, 1000).await;
        browser
    }

    /// Starts a browser with a page that is connected to its scoreboard.
    pub(crate) async fn at(url: &str) -> Self {
        let browser = Self::start().await;
        browser.go(url).await;
        browser
    }

    /// Opens a page and waits until it is connected to its scoreboard.
    pub(crate) async fn go(&self, url: &str) {
        self.open(url).await;
        self.until("document.querySelector('#connection').textContent.startsWith('live')").await;
    }

    /// Opens a page.
    pub(crate) async fn open(&self, url: &str) {
        self.client.goto(url).await.expect("the page loads");
    }

    /// Returns the value of an expression, or of its promise, on the page.
    pub(crate) async fn eval(&self, expression: &str) -> Value {
        let value = self.client.execute(&format!("return {expression}"), Vec::new()).await;
        value.unwrap_or_else(|error| panic!("{expression}: {error}"))
    }

    /// Waits until an expression is true on the page; returns how long it took.
    pub(crate) async fn until(&self, expression: &str) -> Duration {
        let started = Instant::now();
        let mut interval = interval(Duration::from_millis(20));
        while self.eval(&format!("!!({expression})")).await != true {
            let text = self.eval("document.body.innerText");
            let late = started.elapsed() > TIMEOUT;
            assert!(!late, "never true: {expression}\n{}", text.await.as_str().unwrap_or_default());
            interval.tick().await;
        }
        started.elapsed()
    }

    /// Resizes the window.
    pub(crate) async fn size(&self, width: u32, height: u32) {
        let size =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// Sets a preference of the user, such as `prefers-color-scheme` to `dark`.
    pub(crate) async fn prefer(&self, feature: &str, value: &str) {
        let features = json!({ "features": [{ "name": feature, "value": value }] });
        self.devtools("Emulation.setEmulatedMedia", features).await;
    }

    /// Has a script run at the start of every page from now on.
    pub(crate) async fn run_first(&self, script: &str) {
        let script = json!({ "source": script });
        self.devtools("Page.addScriptToEvaluateOnNewDocument", script).await;
    }

    async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let body = json!({ "cmd": command, "params": parameters });
        let done = self.client.issue_cmd(Extra { path: "goog/cdp/execute", body }).await;
        done.unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    /// Takes a screenshot and returns it as a URL.
    pub(crate) async fn picture_url(&self) -> String {
        let picture = self.devtools("Page.captureScreenshot", json!({})).await;
        format!("data:image/png;base64,{}", picture["data"].as_str().expect("a picture"))
    }

    /// Types keys into the focused element.
    pub(crate) async fn type_keys(&self, keys: &str) {
        let focused = self.client.active_element().await.expect("a focused element");
        focused.send_keys(keys).await.expect("typed");
    }

    /// Returns the warnings and errors since the last call.
    pub(crate) async fn console(&self) -> Vec<String> {
        let log = Extra { path: "se/log", body: json!({ "type": "browser" }) };
        let log = self.client.issue_cmd(log).await.expect("a log");
        let lines = log.as_array().expect("lines").iter();
        // The browser's own pages log too.
        let ours = lines.filter(|line| {
            !line["message"].as_str().is_some_and(|message| message.starts_with("chrome://"))
        });
        ours.map(|line| format!("{}: {}", line["level"], line["message"])).collect()
    }

    /// Takes a screenshot.
    pub(crate) async fn picture(&self, file: &Path) {
        let picture = self.client.screenshot().await.expect("a picture");
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        std::fs::write(file, picture).expect("written");
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Ending the session ends the browser, ending the driver alone does not.
        let end = format!(
            "DELETE /session/{} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
            self.session
        );
        if let Ok(mut connection) = TcpStream::connect(("127.0.0.1", self.port)) {
            let _ = connection.set_read_timeout(Some(Duration::from_secs(10)));
            let _ = connection.write_all(end.as_bytes());
            // The driver leaves the connection open; its answer is a line of JSON.
            let _ = BufReader::new(connection).read_until(b'}', &mut Vec::new());
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
        let _ = std::fs::remove_dir_all(&self.profile);
    }
}

/// Starts chromedriver and reads its port. Fails if another process takes the port meanwhile, since
/// chromedriver needs the same one for IPv4 and IPv6.
fn start_driver() -> Option<(Child, u16)> {
    let mut driver = Command::new("chromedriver")
        .arg("--port=0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("chromedriver is installed: see tests/page/run");
    let lines = BufReader::new(driver.stdout.take().expect("piped")).lines();
    let port = |line: String| {
        line.split_once("successfully on port ")?.1.trim_end_matches('.').parse::<u16>().ok()
    };
    let port = lines.map_while(Result::ok).find_map(port);
    if port.is_none() {
        let _ = driver.wait();
    }
    port.map(|port| (driver, port))
}

/// A command that only chromedriver has.
#[derive(Debug)]
struct Extra {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Extra {
    fn endpoint(
        &self,
        base: &Url,
        session: Option<&str>,
    ) -> Result<Url, <Url as std::str::FromStr>::Err> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}
