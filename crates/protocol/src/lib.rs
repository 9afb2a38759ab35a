//! What is on the wire between services, and to their clients: each type once, used by both ends.
//!
//! | message | from → to | type |
//! |---|---|---|
//! | `GET /` of a player | player → manager | [`Outcome`](game::Outcome) as text, [`player::PlayerStroke`] as JSON |
//! | a rally as JSON or NDJSON | manager → client | [`event::Stroke`], [`event::RallyResult`] |
//! | `GET /events` of a manager: the feed | manager → scoreboard, light | [`event::Event`] |
//! | `GET /score` | scoreboard → client | [`snapshot::Snapshot`] |
//! | `GET /events` of a scoreboard | scoreboard → page | [`snapshot::Snapshot`], [`snapshot::Update`] |
//! | `GET /paths` | scoreboard → client | [`path::PathList`] |
//! | `GET /timeline` | scoreboard → client | [`timeline::Timeline`] |
//! | `GET /sync` | scoreboard → scoreboard | [`sync::SyncQuery`], [`sync::SyncPage`] |
//! | `/probe` | proxy → proxy | [`probe::ProbeReport`] |
//! | `GET /probes` | proxy → scoreboard | [`probe::ProbeReports`] |
//! | `GET /whoami` | every task → scoreboard | [`whoami::WhoAmINow`] |
//!
//! Names and ids are validated when they are read, so that whatever a peer sends is harmless in
//! headers, logs, metrics, pages and terminals.

pub mod event;
pub mod headers;
pub mod id;
pub mod name;
pub mod node;
pub mod node_names;
pub mod node_trouble;
pub mod patch;
pub mod path;
pub mod player;
pub mod port;
pub mod probe;
mod probe_failure;
pub mod service;
pub mod snapshot;
pub mod sync;
pub mod target;
pub mod task;
pub mod timeline;
pub mod timing;
pub mod wanted;
pub mod whoami;
