//! A port's application: what is done around every request, and its routes.
//!
//! A request that is meant for another service is refused, and every response names the service, so
//! that whoever calls knows who answered; but for the proxy's public port, which strangers reach.

use std::rc::Rc;

use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::{Service as _, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderValue};
use actix_web::{App, Error};
use futures_util::future::{Either, ready};
use protocol::service::Service;
use tokio_util::sync::CancellationToken;

use super::Routes;
use super::addressee;
use super::body::{self, Pieces};
use super::connection::Connection;
use super::date;
use super::keep_alive;
use super::refusal::{Refusal, Refusals};
use super::streams;

/// What an application is made of.
#[derive(Clone)]
pub(super) struct Site {
    pub(super) own: Service,
    /// Whether responses do not say which service answers.
    pub(super) is_anonymous: bool,
    pub(super) server_name: HeaderValue,
    pub(super) routes: Routes,
    pub(super) refusals: Refusals,
    pub(super) shutdown: CancellationToken,
}

/// Makes the application of a port, for one worker.
pub(super) fn app(
    site: &Site,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<Pieces>,
        Error = Error,
        InitError = (),
    > + use<>,
> {
    let Site { own, is_anonymous, server_name, routes, refusals, shutdown } = site.clone();
    App::new()
        .wrap_fn(move |mut request: ServiceRequest, service| {
            let connection = request.conn_data::<Rc<Connection>>().cloned();
            let length = body::length(&mut request);
            if let Some(connection) = &connection {
                connection.begin(*length.as_ref().unwrap_or(&u64::MAX));
            }
            let refusal = match length {
                Ok(_) => addressee::respond(&request, own),
                Err(refusal) => {
                    let client = request.peer_addr();
                    client.iter().for_each(|client| refusals.count(Refusal::Body, client.ip()));
                    Some(*refusal)
                }
            };
            // Also at the public port, or proxies that list each other would ask in circles.
            let response = match refusal {
                Some(refusal) => Either::Right(ready(Ok(request.into_response(refusal)))),
                None => Either::Left(service.call(request)),
            };
            let (server_name, shutdown) = (server_name.clone(), shutdown.clone());
            async move {
                let mut response = match response.await {
                    Ok(response) => response,
                    Err(error) => {
                        connection.iter().for_each(|connection| connection.end(true));
                        return Err(error);
                    }
                };
                let mut is_stream = response.response().body().size() == BodySize::Stream;
                if let Some(connection) = connection.as_ref().filter(|_| is_stream)
                    && !connection.place.begin_stream()
                {
                    is_stream = false;
                    response = response.into_response(streams::refusal());
                }
                if !is_anonymous {
                    addressee::sign(&mut response, own);
                }
                type_refusal(&mut response);
                // What a proxy passed on names whom it comes from.
                if !response.headers().contains_key(header::SERVER) {
                    response.headers_mut().insert(header::SERVER, server_name);
                }
                date::add(response.headers_mut());
                let is_wanted =
                    connection.as_ref().is_some_and(|connection| connection.place.is_wanted());
                let close = keep_alive::adapt(&mut response, shutdown.is_cancelled() || is_wanted);
                Ok(response.map_body(|_, body| Pieces::new(body, connection, is_stream, close)))
            }
        })
        .configure(|config| routes(config))
}

/// Says of a refusal that it is text, unless it is something else.
fn type_refusal<B: MessageBody>(response: &mut ServiceResponse<B>) {
    let is_refusal = response.status().is_client_error() || response.status().is_server_error();
    let is_empty = matches!(response.response().body().size(), BodySize::None | BodySize::Sized(0));
    if is_refusal && !is_empty && !response.headers().contains_key(header::CONTENT_TYPE) {
        let text = HeaderValue::from_static("text/plain; charset=utf-8");
        response.headers_mut().insert(header::CONTENT_TYPE, text);
    }
}
