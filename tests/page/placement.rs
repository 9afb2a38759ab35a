//! Which tasks are running, new, gone, or missing.

use std::time::{Duration, Instant};

use crate::browser::Browser;
use crate::cluster::{smallest, url};
use crate::support::netns::isolated;

/// How long after DNS lists a player the page may take to show it and its share.
const MAX_DELAY: Duration = Duration::from_secs(2);

fn player(task: &str, state: &str) -> String {
    format!("document.querySelector('.half .task[data-task=\"{task}\"][data-state=\"{state}\"]')")
}

#[test]
fn new_players_appear_with_their_shares_and_a_killed_one_is_marked_as_gone() {
    isolated(async || {
        let mut cluster = smallest();
        let browser = Browser::at(&url(&cluster)).await;
        browser.until(&player("ping.1", "running")).await;
        // A task found within the scoreboard's first 3 s is not new. Ten rallies a second: this is 4 s.
        browser.until("Number(document.querySelector('#rallies').textContent) > 40").await;
        for task in ["ping.2", "ping.3", "ping.4", "ping.5"] {
            cluster.add(task, "pi2");
            let listed = Instant::now();
            browser.until(&player(task, "new")).await;
            let appeared = listed.elapsed();
            let row = format!(
                "[...document.querySelectorAll('#shares li')]\
                .find((row) => row.dataset.key.startsWith('{task}@'))"
            );
            browser.until(&format!("parseInt({row}?.lastChild.textContent) > 0")).await;
            let shared = listed.elapsed();
            println!("{task} is shown after {appeared:?}, its share after {shared:?}");
            assert!(shared < MAX_DELAY, "{task} appeared after {appeared:?}, its share {shared:?}");
        }

        cluster.kill("ping.2");
        let marked = browser.until(&player("ping.2", "gone")).await;
        println!("marked as gone after {marked:?}");
        let style = format!(
            "getComputedStyle({}.querySelector('b')).textDecorationLine",
            player("ping.2", "gone")
        );
        assert_eq!(browser.eval(&style).await, "line-through");
        assert_eq!(
            browser.eval(&format!("{}.lastChild.textContent", player("ping.2", "gone"))).await,
            "gone"
        );
        browser.until(&format!("!{}", player("ping.2", "gone"))).await;
        assert_eq!(browser.console().await, Vec::<String>::new());
    });
}

#[test]
fn a_missing_service_is_named_with_the_command_that_starts_it() {
    isolated(async || {
        let mut cluster = smallest();
        cluster.kill("pong.1");
        let browser = Browser::at(&url(&cluster)).await;
        browser.until("document.querySelector('[data-kind=missing]')").await;
        let notice = browser.eval("document.querySelector('#bar').innerText").await;
        let notice = notice.as_str().expect("text");
        assert!(notice.contains("no pong players: start some with"), "{notice}");
        assert!(notice.contains("docker service scale pong_pong=2"), "{notice}");
        assert!(notice.contains("docker service scale pong=2"), "{notice}");
        assert!(!notice.contains("no ping") && !notice.contains("no manager"), "{notice}");

        browser.eval("document.querySelector('#serve button').click()").await;
        browser
            .until(
                "!document.querySelector('#serve-error').hidden || \
                document.querySelector('#rally-list').innerText.includes('LET: no PONG player answered')",
            )
            .await;
        cluster.add("pong.1", "pi1");
        browser.until("!document.querySelector('[data-kind=missing]')").await;
    });
}
