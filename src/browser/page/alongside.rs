//! Repeats something while something else is done.

use std::future::Future;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

/// Performs an action, and `step` again and again meanwhile, until it breaks. A
/// step that has begun is brought to its end.
pub(in crate::browser) async fn alongside<T, S: Future<Output = ControlFlow<()>>>(
    action: impl Future<Output = T>,
    step: impl Fn() -> S,
) -> T {
    let is_over = AtomicBool::new(false);
    let action = async {
        let done = action.await;
        is_over.store(true, Ordering::Relaxed);
        done
    };
    let steps = async {
        while !is_over.load(Ordering::Relaxed) {
            if step().await.is_break() {
                break;
            }
        }
    };
    let (done, ()) = tokio::join!(action, steps);
    done
}
