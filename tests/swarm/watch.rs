//! What the engines report of containers: when each became healthy, unhealthy, ended, and how.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::interval;

use crate::swarm::{Engine, NODES};

/// One thing that happened to a container.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) at: SystemTime,
    pub(crate) node: &'static str,
    pub(crate) container: String,
    /// The task as its service names it, such as `ping.2`.
    pub(crate) task: String,
    /// `start`, `health_status: healthy`, `kill`, `die`, …
    pub(crate) what: String,
    /// How it ended, if it did.
    pub(crate) exit_code: Option<String>,
}

/// Follows every node's engine.
#[derive(Clone, Debug)]
pub(crate) struct Watch(Arc<Mutex<Vec<Event>>>);

impl Watch {
    /// Starts to follow; each start of a container is told to `started` too.
    pub(crate) fn start(started: &mpsc::UnboundedSender<Event>) -> Self {
        let watch = Self(Arc::default());
        for node in NODES {
            tokio::spawn(watch.clone().follow(Engine::of(node), started.clone()));
        }
        watch
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Event>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What has happened since, in order of time.
    pub(crate) fn since(&self, begin: SystemTime) -> Vec<Event> {
        let mut events: Vec<_> = self.lock().iter().filter(|e| e.at >= begin).cloned().collect();
        events.sort_by_key(|event| event.at);
        events
    }

    /// Connects again whenever the engine is back.
    async fn follow(self, engine: Engine, started: mpsc::UnboundedSender<Event>) {
        let mut beat = interval(Duration::from_millis(100));
        loop {
            beat.tick().await;
            let kinds = ["start", "kill", "die", "health_status"];
            let filters = json!({ "type": ["container"], "event": kinds });
            let Ok(mut events) = engine.get("/events", filters).await else { continue };
            // Whatever started before the stream did.
            if let Ok(running) = engine.json("/containers/json", json!({})).await {
                for container in running.as_array().into_iter().flatten() {
                    let labels = &container["Labels"];
                    self.note(
                        &engine,
                        "start",
                        &container["Id"],
                        labels,
                        SystemTime::now(),
                        &started,
                    );
                }
            }
            let mut text = Vec::new();
            while let Ok(Some(piece)) = events.chunk().await {
                text.extend_from_slice(&piece);
                while let Some(end) = text.iter().position(|byte| *byte == b'\n') {
                    let line: Vec<u8> = text.drain(..=end).collect();
                    let event: Value = serde_json::from_slice(&line).expect("an event");
                    let at = Duration::from_nanos(event["timeNano"].as_u64().unwrap_or_default());
                    let (what, actor) = (event["Action"].as_str(), &event["Actor"]);
                    self.note(
                        &engine,
                        what.unwrap_or_default(),
                        &actor["ID"],
                        &actor["Attributes"],
                        SystemTime::UNIX_EPOCH + at,
                        &started,
                    );
                }
            }
        }
    }

    fn note(
        &self,
        engine: &Engine,
        what: &str,
        container: &Value,
        labels: &Value,
        at: SystemTime,
        started: &mpsc::UnboundedSender<Event>,
    ) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let event = Event {
            at,
            node: engine.node,
            container: text(container),
            task: task(&text(&labels["com.docker.swarm.task.name"]), engine.node),
            what: what.to_owned(),
            exit_code: labels["exitCode"].as_str().map(str::to_owned),
        };
        let known = |old: &Event| old.what == "start" && old.container == event.container;
        if what == "start" {
            if self.lock().iter().any(known) {
                return;
            }
            // Nobody listens after the end.
            let _ = started.send(event.clone());
        }
        self.lock().push(event);
    }
}

/// Makes `ping.2` of `pong_ping.2.x8k…`; a task of a global service is named after its node.
pub(crate) fn task(name: &str, node: &str) -> String {
    let mut parts = name.trim_start_matches("pong_").split('.');
    let service = parts.next().unwrap_or_default();
    match parts.next().and_then(|slot| slot.parse::<u32>().ok()) {
        Some(slot) => format!("{service}.{slot}"),
        None => format!("{service}.{node}"),
    }
}
