use tokio::time::advance;

use super::*;

const OK: Outcome = Outcome::Answered(Duration::from_micros(300));
const LATE: Outcome = Outcome::Unreached(Cause::Timeout);

fn address(n: u16) -> SocketAddr {
    ([10, 0, 9, n.to_be_bytes()[1]], 3000 + n).into()
}

fn row_of(node: &str) -> Row {
    let proxy = Task { name: Name::from_any("proxy.1"), node: Name::from_any(node) };
    Row { proxy, at: None, pairs: Vec::new() }
}

fn table() -> Table {
    Table::new("proxy.pi1@pi1".parse().expect("a task"), ([0, 0, 0, 0], 3001).into())
}

/// Takes in what discovery lists, with nobody who knocks.
fn listed(table: &mut Table, addresses: &[SocketAddr]) -> Vec<Change> {
    table.listed(addresses, |_| None)
}

/// Whom the table would knock at.
fn chosen(table: &Table, among: &[SocketAddr]) -> Vec<SocketAddr> {
    let chosen =
        |address: &&SocketAddr| table.ways.get(address).is_some_and(|way| way.unlisted.is_none());
    among.iter().filter(chosen).copied().collect()
}

/// Has a node's proxy answer at an address.
fn answer(table: &mut Table, n: u16, node: &str) -> Vec<Change> {
    table.record(address(n), Size::Small, OK, Some(row_of(node)), None).2
}

/// Returns each way told, with why it is broken.
fn told(table: &Table) -> Vec<(String, Option<Cause>)> {
    table.row().pairs.iter().map(|pair| (pair.to.to_string(), pair.cause)).collect()
}

fn change(to: &str, now: Option<Option<Cause>>) -> Change {
    Change { to: Name::from_any(to), now }
}

fn way(to: &str, cause: Option<Cause>) -> (String, Option<Cause>) {
    (to.to_owned(), cause)
}

#[tokio::test(start_paused = true)]
async fn a_node_whose_proxy_is_gone_is_named_after_eight_seconds_and_forgotten_after_a_minute() {
    let mut table = table();
    listed(&mut table, &[address(2), address(3)]);
    assert_eq!(
        answer(&mut table, 2, "pi2"),
        [change("10.0.9.2-3002", None), change("pi2", Some(None))]
    );
    answer(&mut table, 3, "pi3");
    assert_eq!(listed(&mut table, &[address(3)]), []);
    advance(NO_DNS_AFTER - Duration::from_secs(1)).await;
    assert_eq!(listed(&mut table, &[address(3)]), []);
    advance(Duration::from_secs(1)).await;
    let gone = Some(Cause::NoDns);
    assert_eq!(listed(&mut table, &[address(3)]), [change("pi2", Some(gone))]);
    assert_eq!(told(&table), [way("pi2", gone), way("pi3", None)], "the broken one first");
    advance(FORGOTTEN_AFTER).await;
    assert_eq!(listed(&mut table, &[address(3)]), [change("pi2", None)]);
    assert_eq!(told(&table), [way("pi3", None)]);
}

#[tokio::test(start_paused = true)]
async fn a_proxy_that_is_replaced_is_never_broken() {
    let mut table = table();
    listed(&mut table, &[address(2)]);
    answer(&mut table, 2, "pi2");
    listed(&mut table, &[]);
    advance(Duration::from_secs(6)).await;
    listed(&mut table, &[address(9)]);
    assert_eq!(told(&table), [way("pi2", None)]);
    answer(&mut table, 9, "pi2");
    assert_eq!(told(&table), [way("pi2", None)]);
    advance(NO_DNS_AFTER).await;
    assert_eq!(listed(&mut table, &[address(9)]), [], "the old address is forgotten, not the node");
    assert_eq!(told(&table), [way("pi2", None)]);
}

#[tokio::test(start_paused = true)]
async fn who_never_answered_is_told_of_by_address_once_it_is_broken_and_while_it_is_listed() {
    let mut table = table();
    listed(&mut table, &[address(2)]);
    assert_eq!(told(&table), [], "it may only be new");
    let mut changes = Vec::new();
    for _ in 0..3 {
        let (to, _, more) = table.record(address(2), Size::Small, LATE, None, None);
        assert_eq!(to, None);
        changes.extend(more);
    }
    let late = Some(Cause::Timeout);
    assert_eq!(changes, [change("10.0.9.2-3002", Some(late))]);
    assert_eq!(told(&table), [way("10.0.9.2-3002", late)]);
    assert_eq!(listed(&mut table, &[]), [change("10.0.9.2-3002", None)]);
    assert_eq!(told(&table), []);
}

#[test]
fn nobody_knocks_at_itself_for_long() {
    let mut table = table();
    listed(&mut table, &[address(1)]);
    let (to, pause, changes) = table.record(address(1), Size::Small, OK, Some(row_of("pi1")), None);
    assert_eq!((to, pause, changes), (None, ONESELF, Vec::new()));
    assert_eq!(told(&table), []);

    let own: SocketAddr = ([10, 0, 9, 7], 40_000).into();
    table.record(address(1), Size::Small, LATE, None, Some(own));
    let at: SocketAddr = ([10, 0, 9, 7], 3001).into();
    assert_eq!(table.row().at, Some(at));
    listed(&mut table, &[at, address(2)]);
    assert_eq!(chosen(&table, &[at, address(2)]), [address(2)]);
}

#[test]
fn who_is_another_s_partner_now_is_not_told_of_any_more() {
    let mut table = table();
    let all: Vec<SocketAddr> = (2..=201).map(address).collect();
    listed(&mut table, &all[..16]);
    assert_eq!(chosen(&table, &all).len(), 16);
    (2..18).for_each(|n| drop(answer(&mut table, n, &format!("pi{n}"))));
    let changes = listed(&mut table, &all);
    let left = told(&table).len();
    assert_eq!((chosen(&table, &all).len(), left + changes.len()), (16, 16));
    assert!(changes.iter().all(|change| change.now.is_none()) && left < 8, "{changes:?}");
}

#[test]
fn what_goes_with_an_answer_fits_into_a_packet_and_has_the_broken_ways_in_it() {
    let mut table = table();
    let all: Vec<SocketAddr> = (2..18).map(address).collect();
    listed(&mut table, &all);
    let long = |n: u16| format!("{n:03}-{}", "x".repeat(59));
    for n in 2..18 {
        answer(&mut table, n, &long(n));
    }
    for _ in 0..3 {
        table.record(address(9), Size::Small, LATE, None, None);
    }
    assert_eq!(table.row().pairs.len(), 16);
    let small = table.small_row();
    assert!(small.len() <= FITS, "{small}");
    let small: Row = serde_json::from_str(&small).expect("a row");
    assert_eq!(small.pairs[0].to.as_str(), long(9));
    assert!(small.pairs.len() > 5);
}

#[tokio::test(start_paused = true)]
async fn what_others_tell_is_passed_on_with_its_age_to_whom_it_concerns() {
    let mut table = table();
    listed(&mut table, &[address(2), address(3)]);
    answer(&mut table, 2, "pi2");
    advance(Duration::from_millis(1500)).await;
    answer(&mut table, 3, "pi3");
    let nodes = |of: Option<&[Name]>| {
        let rows = table.report(of).rows.into_iter();
        let mut nodes: Vec<_> =
            rows.map(|told| (told.row.proxy.node.to_string(), told.age)).collect();
        nodes[1..].sort();
        nodes
    };
    let told = |node: &str, age| (node.to_owned(), age);
    assert_eq!(nodes(None), [told("pi1", 0), told("pi2", 1500), told("pi3", 0)]);
    assert_eq!(nodes(Some(&[Name::from_any("pi3")])), [told("pi1", 0), told("pi3", 0)]);
    assert_eq!(nodes(Some(&[])), [told("pi1", 0)]);
}
