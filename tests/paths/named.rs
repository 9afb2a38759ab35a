//! What is wrong with a path is named, and cleared when it is over.

use std::net::SocketAddr;

use crate::cluster::{free, proxy, scoreboard, trouble, until, until_told};
use crate::peer::{Does, Peer};

#[tokio::test]
async fn a_proxy_that_is_killed_is_refused_and_well_again_when_it_is_back() {
    let admin: Vec<SocketAddr> = (0..3).map(|_| free()).collect();
    let start = |n: usize| proxy(n, admin[n - 1], &admin);
    let _others = [start(1), start(2)];
    let mut third = start(3);
    let board = scoreboard(&admin);
    until_told(board.listen, 6, &[]).await;
    third.kill();
    // What the third said last is not true for ever.
    let named = ["pi1>pi3 broken refused", "pi2>pi3 broken refused"];
    let unheard = ["pi3>pi1 unheard -", "pi3>pi2 unheard -"];
    until_told(board.listen, 4, &[named, unheard].concat()).await;
    let _third = start(3);
    until_told(board.listen, 6, &[]).await;
}

#[tokio::test]
async fn what_a_peer_does_is_told_apart_and_forgiven() {
    let [large, hung, shut] =
        [Peer::start("pi7").await, Peer::start("pi8").await, Peer::start("pi9").await];
    let admin = free();
    let _proxy = proxy(1, admin, &[large.address, hung.address, shut.address]);
    let board = scoreboard(&[admin]);
    until_told(board.listen, 3, &[]).await;
    large.does(Does::SwallowsLarge);
    hung.does(Does::Hangs);
    shut.does(Does::Closes);
    let named = ["pi1>pi7 broken large_packets", "pi1>pi8 broken timeout", "pi1>pi9 broken reset"];
    until_told(board.listen, 3, &named).await;
    [&large, &hung, &shut].iter().for_each(|peer| peer.does(Does::Answers));
    until_told(board.listen, 3, &[]).await;
}

#[tokio::test]
async fn a_frozen_proxy_times_out_and_what_it_last_said_is_not_repeated_for_ever() {
    let admin = [free(), free()];
    let [_first, second] = [1, 2].map(|n| proxy(n, admin[n - 1], &admin));
    let board = scoreboard(&admin);
    until_told(board.listen, 2, &[]).await;
    second.signal("STOP");
    until_told(board.listen, 1, &["pi1>pi2 broken timeout", "pi2>pi1 unheard -"]).await;
    second.signal("CONT");
    until_told(board.listen, 2, &[]).await;
}

#[tokio::test]
async fn a_proxy_that_a_scoreboard_cannot_reach_is_heard_of_through_another() {
    let peer = Peer::start("pi9").await;
    let admin = [free(), free()];
    let [_first, _second] = [1, 2].map(|n| {
        let knocks = [admin[0], admin[1], peer.address];
        proxy(n, admin[n - 1], &knocks)
    });
    // It knows the first alone.
    let board = scoreboard(&admin[..1]);
    until_told(board.listen, 4, &[]).await;
    peer.does(Does::Hangs);
    until_told(board.listen, 4, &["pi1>pi9 broken timeout", "pi2>pi9 broken timeout"]).await;
}

#[tokio::test]
async fn who_was_never_there_is_named_by_its_address() {
    let (admin, nobody) = (free(), free());
    let _proxy = proxy(1, admin, &[admin, nobody]);
    let board = scoreboard(&[admin]);
    let expected = format!("pi1>127.0.0.1-{} broken refused", nobody.port());
    until(board.listen, "named", |told| trouble(told) == [expected.as_str()]).await;
}
