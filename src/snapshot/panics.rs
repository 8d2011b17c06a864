//! Panics that end no more than what was being done.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Poll;

/// Carries out what `begin` begins.
///
/// # Errors
/// When either panics: the panic's own words.
pub(crate) async fn caught<F: Future>(begin: impl FnOnce() -> F) -> Result<F::Output, String> {
    let mut run = Box::pin(catch(begin)?);
    poll_fn(|context| match catch(|| run.as_mut().poll(context)) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
        Err(panic) => Poll::Ready(Err(panic)),
    })
    .await
}

fn catch<T>(step: impl FnOnce() -> T) -> Result<T, String> {
    // Nobody looks again at what it has left half done.
    catch_unwind(AssertUnwindSafe(step)).map_err(|panic| words(&*panic))
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("no reason was given").to_owned()
}

#[cfg(test)]
mod tests {
    use super::caught;

    #[tokio::test]
    async fn a_panic_gives_its_words() {
        let number = 1;
        assert_eq!(caught(|| async { number }).await, Ok(1));
        let begun = caught(|| -> std::future::Ready<()> { panic!("at once") });
        assert_eq!(begun.await, Err("at once".to_owned()));
        let later = caught(|| async {
            tokio::task::yield_now().await;
            assert_eq!(number, 2, "later");
        });
        assert!(later.await.unwrap_err().contains("later"));
    }
}
