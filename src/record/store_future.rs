//! The reply of a store.

use std::future::Future;
use std::pin::Pin;

use crate::redis::StoreError;

/// The future of a store's reply.
pub(crate) type StoreFuture<'a, T> =
    Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;
