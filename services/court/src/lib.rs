//! What every service stands on: who it is, how it serves and stops, how it finds and reaches the
//! others, and how it tells of itself.
//!
//! | concept | module |
//! |---|---|
//! | the options every service has | [`options`] |
//! | a task and its node | [`task`] |
//! | public and admin port, graceful stop | [`serve`], [`admin`], [`stop`] |
//! | names, addresses, who is next | [`peers`], [`discovery`], [`roster`] |
//! | calling another service, and what may go wrong | [`client`], [`url`], [`fault`], [`held`] |
//! | a stream of events, and what it carries | [`feed`], [`event`] |
//! | following the streams of every task of a service | [`follow`], [`sse`] |
//! | what proxies measure of the paths between nodes, and what is told of it | [`knock`], [`path`], [`latest`] |
//! | logs and metrics | [`log`], [`metrics`] |

pub mod admin;
pub mod client;
pub mod discovery;
pub mod event;
pub mod fault;
pub mod feed;
pub mod follow;
pub mod headers;
pub mod held;
pub mod knock;
pub mod latest;
pub mod log;
pub mod metrics;
pub mod options;
pub mod pace;
pub mod path;
pub mod peers;
pub mod roster;
pub mod serve;
pub mod sse;
pub mod stop;
pub mod task;
pub mod url;
