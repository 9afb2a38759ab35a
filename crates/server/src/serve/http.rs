//! A port's application behind actix's HTTP, one connection after the other: what a worker runs.

use std::rc::Rc;
use std::time::Duration;

use actix_http::{HttpService, KeepAlive};
use actix_service::map_config;
use actix_web::dev::{AppConfig, ServiceFactory, fn_factory, fn_service};
use protocol::service::Service;
use tokio::net::TcpStream;

use super::app::{Site, app};
use super::connection::Stream;
use super::date;
use super::session::{self, Port};

/// How many bytes of a response are written at once; with one more piece they fit into the buffer of
/// 8 KB that actix has for each connection.
const WRITE_BYTES: usize = 4096;

/// Makes what serves the connections of a port, in each of its workers, which calls `on_start`.
pub(super) fn sessions(
    site: Site,
    port: Port,
    on_start: impl Fn() + Clone + 'static,
) -> impl ServiceFactory<TcpStream, Config = (), Response = (), Error = (), InitError = ()> {
    fn_factory(move || {
        on_start();
        // The times are those of `session`.
        let http = HttpService::build()
            .keep_alive(KeepAlive::Os)
            .client_request_timeout(Duration::ZERO)
            .h1_write_buffer_size(WRITE_BYTES)
            // A caller that turned to another task has closed: what it asked for is abandoned. Strangers
            // may close their half of a connection and read on.
            .h1_allow_half_closed(site.own == Service::Proxy)
            .on_connect_ext(|stream: &Stream, data| drop(data.insert(Rc::clone(&stream.0))));
        let http =
            date::without_clock(|| http.h1(map_config(app(&site), |()| AppConfig::default())));
        let http = http.map(|http| http.new_service(()));
        let port = port.clone();
        async move {
            let http = Rc::new(http.map_err(drop)?.await?);
            Ok(fn_service(move |socket: TcpStream| {
                let (http, port) = (Rc::clone(&http), port.clone());
                async move {
                    session::serve(socket, http, port).await;
                    Ok(())
                }
            }))
        }
    })
}
