//! Limits the memory of images that are compared at the same time.

use std::sync::{Condvar, Mutex, PoisonError};

use tintype::compare::MAX_DECODED_BYTES;

/// The bytes that further images may take.
pub(super) struct MemoryBudget {
    free: Mutex<u64>,
    returned: Condvar,
}

impl MemoryBudget {
    pub(super) fn new() -> Self {
        Self {
            free: Mutex::new(MAX_DECODED_BYTES),
            returned: Condvar::new(),
        }
    }

    /// Waits until images of this size fit, and holds the memory until the
    /// result is dropped.
    pub(super) fn reserve(&self, bytes: u64) -> ReservedMemory<'_> {
        // A pair that is too large on its own is refused by the comparison.
        let bytes = bytes.min(MAX_DECODED_BYTES);
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = self.returned.wait_while(free, |free| *free < bytes);
        *wait.unwrap_or_else(PoisonError::into_inner) -= bytes;
        ReservedMemory {
            budget: self,
            bytes,
        }
    }
}

/// Memory of images that are being compared.
pub(super) struct ReservedMemory<'b> {
    budget: &'b MemoryBudget,
    bytes: u64,
}

impl Drop for ReservedMemory<'_> {
    fn drop(&mut self) {
        let free = self.budget.free.lock();
        *free.unwrap_or_else(PoisonError::into_inner) += self.bytes;
        self.budget.returned.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::thread;

    use super::{MAX_DECODED_BYTES, MemoryBudget};

    #[test]
    fn reservations_never_exceed_the_budget() {
        let budget = MemoryBudget::new();
        let (used, share) = (AtomicU64::new(0), MAX_DECODED_BYTES / 3 + 1);
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..20 {
                        let _memory = budget.reserve(share);
                        let now = used.fetch_add(share, Ordering::SeqCst) + share;
                        assert!(now <= MAX_DECODED_BYTES, "{now}");
                        thread::yield_now();
                        used.fetch_sub(share, Ordering::SeqCst);
                    }
                });
            }
        });
        // Larger than the budget: it waits for all of it.
        drop(budget.reserve(u64::MAX));
    }
}
