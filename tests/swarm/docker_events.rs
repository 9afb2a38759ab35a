//! Docker's events of containers: when each started, became healthy or unhealthy, ended, and how.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::interval;

use crate::swarm::{Engine, NODES};

/// An event of a container.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) at: SystemTime,
    pub(crate) node: &'static str,
    pub(crate) container: String,
    /// The task as its service names it, such as `ping.2`.
    pub(crate) task: String,
    /// `start`, `health_status: healthy`, `kill`, `die`, …
    pub(crate) action: String,
    /// How it ended, if it did.
    pub(crate) exit_code: Option<String>,
}

/// The events of every node's engine.
#[derive(Clone, Debug)]
pub(crate) struct DockerEvents {
    events: Arc<Mutex<Vec<Event>>>,
    started: mpsc::UnboundedSender<Event>,
}

impl DockerEvents {
    /// Subscribes to all engines; each start of a container is sent to `started` too.
    pub(crate) fn start(started: &mpsc::UnboundedSender<Event>) -> Self {
        let events = Self { events: Arc::default(), started: started.clone() };
        for node in NODES {
            tokio::spawn(events.clone().subscribe(Engine::of(node)));
        }
        events
    }

    /// Returns the events since then, in order of time.
    pub(crate) fn since(&self, then: SystemTime) -> Vec<Event> {
        let all = self.events.lock();
        let mut events: Vec<_> = all.iter().filter(|event| event.at >= then).cloned().collect();
        events.sort_by_key(|event| event.at);
        events
    }

    /// Records an engine's events; connects again whenever the engine is back.
    async fn subscribe(self, engine: Engine) {
        let mut retry = interval(Duration::from_millis(100));
        loop {
            retry.tick().await;
            let kinds = ["start", "kill", "die", "health_status"];
            let filters = json!({ "type": ["container"], "event": kinds });
            let Ok(mut stream) = engine.get("/events", filters).await else { continue };
            // Containers that were started before the stream.
            if let Ok(running) = engine.json("/containers/json", json!({})).await {
                for container in running.as_array().into_iter().flatten() {
                    let at = SystemTime::now();
                    self.record(&engine, "start", &container["Id"], &container["Labels"], at);
                }
            }
            let mut text = Vec::new();
            while let Ok(Some(piece)) = stream.chunk().await {
                text.extend_from_slice(&piece);
                while let Some(end) = text.iter().position(|byte| *byte == b'\n') {
                    let line: Vec<u8> = text.drain(..=end).collect();
                    let event: Value = serde_json::from_slice(&line).expect("an event");
                    let at = Duration::from_nanos(event["timeNano"].as_u64().unwrap_or_default());
                    let at = SystemTime::UNIX_EPOCH + at;
                    let action = event["Action"].as_str().unwrap_or_default();
                    let actor = &event["Actor"];
                    self.record(&engine, action, &actor["ID"], &actor["Attributes"], at);
                }
            }
        }
    }

    fn record(
        &self,
        engine: &Engine,
        action: &str,
        container: &Value,
        labels: &Value,
        at: SystemTime,
    ) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let event = Event {
            at,
            node: engine.node,
            container: text(container),
            task: task_name(&text(&labels["com.docker.swarm.task.name"]), engine.node),
            action: action.to_owned(),
            exit_code: labels["exitCode"].as_str().map(str::to_owned),
        };
        let known = |old: &Event| old.action == "start" && old.container == event.container;
        let mut events = self.events.lock();
        if action == "start" {
            if events.iter().any(known) {
                return;
            }
            // At the end of the test nobody receives it.
            let _ = self.started.send(event.clone());
        }
        events.push(event);
    }
}

/// Returns `ping.2` for `pong_ping.2.x8k…`; a task of a global service is named after its node.
pub(crate) fn task_name(name: &str, node: &str) -> String {
    let mut parts = name.trim_start_matches("pong_").split('.');
    let service = parts.next().unwrap_or_default();
    match parts.next().and_then(|slot| slot.parse::<u32>().ok()) {
        Some(slot) => format!("{service}.{slot}"),
        None => format!("{service}.{node}"),
    }
}
