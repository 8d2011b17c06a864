//! Delivers events to subscribers.

use std::sync::{Arc, PoisonError, RwLock};

use super::event::Event;
use crate::model::{MAX_MESSAGE, bounded};

/// Receives the events of a run.
pub(crate) trait Subscriber: Send + Sync {
    /// Handles one event, on the thread that publishes it, so it must not block
    /// for long. A subscriber may publish events on `bus`, except
    /// the one that it is handling.
    fn on_event(&self, event: &Event, bus: &Bus);
}

/// Delivers each event to every subscriber, in the order of subscription.
/// Clones share their subscribers.
#[derive(Clone, Default)]
pub(crate) struct Bus {
    subscribers: Arc<RwLock<Vec<Arc<dyn Subscriber>>>>,
}

impl Bus {
    /// A bus without subscribers.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds a subscriber, which receives every later event.
    pub(crate) fn subscribe(&self, subscriber: Arc<dyn Subscriber>) {
        let subscribers = self.subscribers.write();
        let mut subscribers = subscribers.unwrap_or_else(PoisonError::into_inner);
        subscribers.push(subscriber);
    }

    /// Delivers an event to every subscriber before it returns.
    pub(crate) fn publish(&self, event: impl Into<Event>) {
        let event = match event.into() {
            Event::Warning(text) => Event::Warning(bounded(text, MAX_MESSAGE)),
            event => event,
        };
        // Subscribers may publish too, so the lock is released first.
        let subscribers = {
            let subscribers = self.subscribers.read();
            subscribers.unwrap_or_else(PoisonError::into_inner).clone()
        };
        for subscriber in &subscribers {
            subscriber.on_event(&event, self);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::{Bus, Event, Subscriber};

    /// Notes every warning under its own name, and answers the first one.
    struct Notes {
        name: &'static str,
        answers: bool,
        log: Arc<Mutex<Vec<String>>>,
    }

    impl Subscriber for Notes {
        fn on_event(&self, event: &Event, bus: &Bus) {
            let Event::Warning(text) = event else { return };
            let mut log = self.log.lock().unwrap();
            log.push(format!("{}: {text}", self.name));
            drop(log);
            if self.answers && text == "first" {
                bus.publish(Event::Warning("second".to_owned()));
            }
        }
    }

    #[test]
    fn events_reach_subscribers_in_order_of_subscription() {
        let (bus, log) = (Bus::new(), Arc::default());
        for (name, answers) in [("a", true), ("b", false)] {
            let log = Arc::clone(&log);
            bus.subscribe(Arc::new(Notes { name, answers, log }));
        }
        bus.publish(Event::Warning("first".to_owned()));
        let expected = ["a: first", "a: second", "b: second", "b: first"];
        assert_eq!(*log.lock().unwrap(), expected);
    }

    #[test]
    fn warnings_are_bounded() {
        let (bus, log) = (Bus::new(), Arc::default());
        bus.subscribe(Arc::new(Notes {
            name: "a",
            answers: false,
            log: Arc::clone(&log),
        }));
        bus.publish(Event::Warning("x".repeat(12_000_000)));
        let log = log.lock().unwrap();
        assert!(log[0].len() < 20_000, "{}", log[0].len());
        assert!(log[0].ends_with("… 11.9 MB more"));
    }
}
