//! The record as a subscriber.

use super::bus::{Bus, Subscriber};
use super::event::Event;
use crate::model::RecordedEvent;
use crate::record::Recorder;

impl Subscriber for Recorder {
    fn on_event(&self, event: &Event, _: &Bus) {
        match event {
            // The last process to leave ends the run: `Recorder::finish`.
            Event::Recorded(RecordedEvent::RunFinished(_)) => {}
            Event::Recorded(event) => self.record(event),
            _ => {}
        }
    }
}
