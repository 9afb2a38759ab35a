//! The cause of a failure is named, and clears when it is over.

use rustix::process::Signal;

use super::cluster::{AdminPorts, failures, proxy, scoreboard, until, until_paths};
use super::fake_proxy::{Behavior, FakeProxy};
use crate::support::ports::reserve;

#[tokio::test]
async fn a_killed_proxy_is_refused_until_it_restarts() {
    let ports = AdminPorts::<3>::reserve();
    let _others = [ports.proxy(1), ports.proxy(2)];
    let mut third = ports.proxy(3);
    let scoreboard = scoreboard(&ports.addresses());
    until_paths(scoreboard.listen, 6, &[]).await;
    third.kill();
    // The last report of the third does not stay true for ever.
    let broken = ["pi1>pi3 broken refused", "pi2>pi3 broken refused"];
    let stale = ["pi3>pi1 stale -", "pi3>pi2 stale -"];
    until_paths(scoreboard.listen, 4, &[broken, stale].concat()).await;
    let _third = ports.proxy(3);
    until_paths(scoreboard.listen, 6, &[]).await;
}

#[tokio::test]
async fn each_failure_gets_its_cause_and_clears() {
    let large = FakeProxy::start("pi7").await;
    let hung = FakeProxy::start("pi8").await;
    let closed = FakeProxy::start("pi9").await;
    let admin = reserve();
    let fakes = [large.address, hung.address, closed.address];
    let _proxy = proxy(1, admin.address, &fakes);
    let scoreboard = scoreboard(&[&[admin.address][..], &fakes].concat());
    until_paths(scoreboard.listen, 3, &[]).await;
    large.behave(Behavior::SwallowLarge);
    hung.behave(Behavior::Hang);
    closed.behave(Behavior::Close);
    let broken =
        ["pi1>pi7 broken large_packets", "pi1>pi8 broken no_answer", "pi1>pi9 broken reset"];
    until_paths(scoreboard.listen, 3, &broken).await;
    [&large, &hung, &closed].iter().for_each(|proxy| proxy.behave(Behavior::Answer));
    until_paths(scoreboard.listen, 3, &[]).await;
}

#[tokio::test]
async fn a_frozen_proxy_does_not_answer_and_its_reports_become_stale() {
    let ports = AdminPorts::<2>::reserve();
    let _first = ports.proxy(1);
    let second = ports.proxy(2);
    let scoreboard = scoreboard(&ports.addresses());
    until_paths(scoreboard.listen, 2, &[]).await;
    second.signal(Signal::STOP);
    until_paths(scoreboard.listen, 1, &["pi1>pi2 broken no_answer", "pi2>pi1 stale -"]).await;
    second.signal(Signal::CONT);
    until_paths(scoreboard.listen, 2, &[]).await;
}

#[tokio::test]
async fn unreachable_proxies_are_reported_through_others() {
    let fake = FakeProxy::out_of_reach("pi9").await;
    let ports = AdminPorts::<2>::reserve();
    let [first, second] = ports.addresses();
    let probed = [first, second, fake.address];
    let _proxies = [proxy(1, first, &probed), proxy(2, second, &probed)];
    let scoreboard = scoreboard(&probed);
    until_paths(scoreboard.listen, 4, &[]).await;
    fake.behave(Behavior::Hang);
    until_paths(scoreboard.listen, 4, &["pi1>pi9 broken no_answer", "pi2>pi9 broken no_answer"])
        .await;
}

#[tokio::test]
async fn a_proxy_that_never_answered_is_named_by_address() {
    let admin = reserve();
    let nobody = reserve();
    let _proxy = proxy(1, admin.address, &[admin.address, nobody.address]);
    let scoreboard = scoreboard(&[admin.address, nobody.address]);
    let expected = format!("pi1>{} broken refused", nobody.address);
    until(scoreboard.listen, "named", |list| failures(list) == [expected.as_str()]).await;
}
