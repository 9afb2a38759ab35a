//! Who is there, who is new, and who is missing.

use crate::browser::Browser;
use crate::cluster::Cluster;

fn chip(task: &str, state: &str) -> String {
    format!("document.querySelector('.half .chip[data-task=\"{task}\"][data-state=\"{state}\"]')")
}

#[tokio::test]
async fn a_player_that_is_scaled_up_appears_with_its_share_and_a_killed_one_is_marked_and_goes() {
    let mut cluster = Cluster::start(2, 1);
    let browser = Browser::at(&cluster.url()).await;
    browser.until(&chip("ping.1", "here")).await;
    // Whoever comes within the scoreboard's first seconds may have been there before.
    browser.until("document.querySelector('#strokes').textContent.length > 2").await;
    cluster.add(2);
    let appeared = browser.until(&chip("ping.2", "new")).await;
    let row = "[...document.querySelectorAll('#shares li')]\
        .find((row) => row.dataset.key.startsWith('ping.2@'))";
    let shared = browser.until(&format!("parseInt({row}?.lastChild.textContent) > 0")).await;
    println!("appeared after {appeared:?}, and its share {shared:?} later");

    cluster.players[2] = None;
    let marked = browser.until(&chip("ping.2", "gone")).await;
    println!("marked as gone after {marked:?}");
    let style = format!(
        "getComputedStyle({}.querySelector('b')).textDecorationLine",
        chip("ping.2", "gone")
    );
    assert_eq!(browser.ask(&style).await, "line-through");
    assert_eq!(
        browser.ask(&format!("{}.lastChild.textContent", chip("ping.2", "gone"))).await,
        "gone"
    );
    browser.until(&format!("!{}", chip("ping.2", "gone"))).await;
    assert_eq!(browser.complaints().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_service_that_is_missing_is_named_with_the_command_that_starts_it() {
    let mut cluster = Cluster::start(1, 0);
    cluster.add(0);
    let browser = Browser::at(&cluster.url()).await;
    browser.until("!document.querySelector('#missing').hidden").await;
    let said = browser.ask("document.querySelector('#missing').innerText").await;
    let said = said.as_str().expect("text");
    assert!(said.contains("No pong player"), "{said}");
    assert!(said.contains("docker service scale pong_pong=2"), "{said}");
    assert!(said.contains("docker service scale pong=2"), "{said}");
    assert!(!said.contains("No ping player") && !said.contains("No manager"), "{said}");

    browser.ask("document.querySelector('#serve button').click()").await;
    browser
        .until(
            "!document.querySelector('#refused').hidden || \
        document.querySelector('#list').innerText.includes('LET')",
        )
        .await;
    cluster.add(1);
    browser.until("document.querySelector('#missing').hidden").await;
}
