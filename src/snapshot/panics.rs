//! Turns a panic in a future into an error.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Poll;

/// Runs the future that `begin` returns.
///
/// # Errors
/// When either panics: the panic's message.
pub(crate) async fn catch_panic<F: Future>(begin: impl FnOnce() -> F) -> Result<F::Output, String> {
    let mut run = Box::pin(catch(begin)?);
    poll_fn(|context| match catch(|| run.as_mut().poll(context)) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
        Err(panic) => Poll::Ready(Err(panic)),
    })
    .await
}

fn catch<T>(step: impl FnOnce() -> T) -> Result<T, String> {
    // The state that a panic leaves behind is never used again.
    catch_unwind(AssertUnwindSafe(step)).map_err(|panic| message(&*panic))
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("no reason was given").to_owned()
}

#[cfg(test)]
mod tests {
    use super::catch_panic;

    #[tokio::test]
    async fn a_panic_becomes_its_message() {
        let number = 1;
        assert_eq!(catch_panic(|| async { number }).await, Ok(1));
        let begun = catch_panic(|| -> std::future::Ready<()> { panic!("at once") });
        assert_eq!(begun.await, Err("at once".to_owned()));
        let later = catch_panic(|| async {
            tokio::task::yield_now().await;
            assert_eq!(number, 2, "later");
        });
        assert!(later.await.unwrap_err().contains("later"));
    }
}
