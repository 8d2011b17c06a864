//! The signals that ask this process to end.

use tokio::signal::ctrl_c;
use tokio::signal::unix::{SignalKind, signal};

/// Completes at the first Ctrl-C or SIGTERM. Without a handler for Ctrl-C, that
/// ends the process.
pub async fn interrupted() {
    let interrupt = async {
        if ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    match signal(SignalKind::terminate()) {
        Err(_) => interrupt.await,
        Ok(mut terminate) => tokio::select! {
            _ = terminate.recv() => {}
            () = interrupt => {}
        },
    }
}
