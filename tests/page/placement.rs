//! Who is there, who is new, and who is missing.

use std::time::{Duration, Instant};

use crate::alone::alone;
use crate::browser::Browser;
use crate::cluster::{smallest, url};

/// How soon after DNS lists a player people see it, and its share.
const SOON: Duration = Duration::from_secs(2);

fn chip(task: &str, state: &str) -> String {
    format!("document.querySelector('.half .chip[data-task=\"{task}\"][data-state=\"{state}\"]')")
}

#[test]
fn players_that_are_scaled_up_appear_with_their_shares_and_a_killed_one_is_marked_and_goes() {
    alone(async || {
        let mut cluster = smallest();
        let browser = Browser::at(&url(&cluster)).await;
        browser.until(&chip("ping.1", "here")).await;
        // Whoever comes within the scoreboard's first 3 s may have been there before; these are four.
        browser.until("Number(document.querySelector('#rallies').textContent) > 40").await;
        for task in ["ping.2", "ping.3", "ping.4", "ping.5"] {
            cluster.add(task, "pi2");
            let listed = Instant::now();
            browser.until(&chip(task, "new")).await;
            let appeared = listed.elapsed();
            let row = format!(
                "[...document.querySelectorAll('#shares li')]\
                .find((row) => row.dataset.key.startsWith('{task}@'))"
            );
            browser.until(&format!("parseInt({row}?.lastChild.textContent) > 0")).await;
            let shared = listed.elapsed();
            println!("{task} is seen after {appeared:?}, its share after {shared:?}");
            assert!(shared < SOON, "{task} appeared after {appeared:?}, its share {shared:?}");
        }

        cluster.kill("ping.2");
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
    });
}

#[test]
fn a_service_that_is_missing_is_named_with_the_command_that_starts_it() {
    alone(async || {
        let mut cluster = smallest();
        cluster.kill("pong.1");
        let browser = Browser::at(&url(&cluster)).await;
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
        cluster.add("pong.1", "pi1");
        browser.until("document.querySelector('#missing').hidden").await;
    });
}
