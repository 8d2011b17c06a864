//! Visual tests of the shop. The router itself is served: nothing is started
//! by hand, and the orders are those of the test.

use std::process::ExitCode;

use shop::{Order, router};
use tintype::Snapshot;
use tintype::fantoccini::error::CmdError;
use tintype::fantoccini::{Client, Locator};
use tintype::{Harness, Story};

fn main() -> ExitCode {
    let orders = vec![
        Order::new(1041, "Ada Lovelace", 1_250, true),
        Order::new(1042, "Grace Hopper", 99_900, false),
        Order::new(1043, "Annie Easley", 640, true),
    ];
    // A page for each order, without naming each in the manifest.
    let pages = orders.iter().map(|order| {
        let path = format!("/orders/{}", order.number);
        Story::new(format!("order/{}", order.number), path).viewports(["phone"])
    });
    Harness::new()
        .stories(pages.collect::<Vec<_>>())
        .serve(router(orders))
        .before_each(filter_by_hand)
        .run()
}

/// The story that types before its screenshot.
async fn filter_by_hand(client: Client, snapshot: Snapshot) -> Result<(), CmdError> {
    if snapshot.story.id != "orders/typed" {
        return Ok(());
    }
    let input = client.find(Locator::Css("input")).await?;
    input.send_keys("Hopper").await
}
