//! Compares two PNGs while they are inflated.
//!
//! For counts without a diff image: rows are restored, compared and released
//! band by band, so that memory does not grow with the page. Every thread takes
//! the next task: it compares two bands that are ready, or restores the next
//! band of the image that is behind.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::band::{Band, RestoredBands};
use super::engine::{PixelCriteria, RowClassifier};
use super::mask::Mask;
use super::options::Options;
use super::pixel_view::{ImagePair, PixelView};
use super::png_chunks::PlainPng;
use super::tally::Tally;
use super::threads;

/// The most restored bands of an image that wait to be compared.
const AHEAD: usize = 2;

/// The most threads that are useful: two restore, and comparing takes hardly
/// longer than restoring.
const MAX_THREADS: usize = 4;

/// Counts the differences of two images, in bands of `rows` rows. `None`
/// if their rows have different shapes, or one of them is damaged.
pub(super) fn count(
    a: &PlainPng<'_>,
    b: &PlainPng<'_>,
    options: &Options,
    rows: usize,
    parallel: bool,
) -> Option<Tally> {
    if !a.is_like(b) {
        return None;
    }
    let mask = Mask::new(&options.ignore, a.width as u32, a.height as u32);
    let criteria = PixelCriteria::new(options, &mask);
    let pipeline = BandPipeline::new([RestoredBands::new(a, rows)?, RestoredBands::new(b, rows)?]);
    let size = (a.width, a.height);
    let tallies = threads::on_idle_cores(if parallel { MAX_THREADS } else { 1 }, || {
        let (mut classifier, mut tally) = (
            RowClassifier::new(&criteria, size),
            Tally::new(options, size.0 as u32, 0),
        );
        while let Some(task) = pipeline.next() {
            match task {
                Task::Restore(task) => task.take(),
                Task::RowClassifier(bands) => classifier.classify(&pair(&bands, a), &mut tally),
            }
        }
        tally
    });
    pipeline.is_complete().then(|| {
        let mut sum = Tally::new(options, size.0 as u32, 0);
        tallies.into_iter().for_each(|tally| sum.merge(tally));
        sum
    })
}

/// The rows of two bands that can be compared.
fn pair<'s>(bands: &'s [Band; 2], png: &PlainPng<'_>) -> ImagePair<'s> {
    let size = (png.width, png.height);
    let [a, b] = bands
        .each_ref()
        .map(|band| PixelView::of_band(band, png.bytes_per_pixel, size));
    ImagePair {
        rows: bands[0].judged(size.1),
        ..ImagePair::overlap(a, b)
    }
}

/// The next task of a thread.
enum Task<'l, 'a> {
    Restore(RestoreTask<'l, 'a>),
    RowClassifier([Band; 2]),
}

/// The bands of both images that are in memory.
struct BandPipeline<'a> {
    state: Mutex<PipelineState<'a>>,
    changed: Condvar,
}

struct PipelineState<'a> {
    sources: [BandSource<'a>; 2],
    ready: [VecDeque<Band>; 2],
}

enum BandSource<'a> {
    Waiting(Box<RestoredBands<'a>>),
    /// A thread works on it.
    Taken,
    /// There are no more rows, or they are damaged.
    Ended {
        complete: bool,
    },
}

impl<'a> BandPipeline<'a> {
    fn new(images: [RestoredBands<'a>; 2]) -> Self {
        Self {
            state: Mutex::new(PipelineState {
                sources: images.map(|bands| BandSource::Waiting(Box::new(bands))),
                ready: Default::default(),
            }),
            changed: Condvar::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, PipelineState<'a>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a task. `None` when all are done or taken.
    fn next(&self) -> Option<Task<'_, 'a>> {
        let mut state = self.state();
        loop {
            if state.is_damaged() {
                return None;
            }
            if let Some(bands) = state.pair() {
                return Some(Task::RowClassifier(bands));
            }
            if let Some((side, bands)) = state.source() {
                let pipeline = self;
                let bands = Some(bands);
                return Some(Task::Restore(RestoreTask {
                    pipeline,
                    side,
                    bands,
                }));
            }
            if state.has_ended() {
                return None;
            }
            let waited = self.changed.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Whether every row of both images was compared.
    fn is_complete(&self) -> bool {
        let state = self.state();
        let is_empty = state.ready.iter().all(VecDeque::is_empty);
        state.has_ended() && !state.is_damaged() && is_empty
    }
}

impl<'a> PipelineState<'a> {
    fn pair(&mut self) -> Option<[Band; 2]> {
        let [a, b] = &mut self.ready;
        if a.is_empty() || b.is_empty() {
            return None;
        }
        Some([a.pop_front()?, b.pop_front()?])
    }

    /// The image that is behind, unless a thread works on it.
    fn source(&mut self) -> Option<(usize, Box<RestoredBands<'a>>)> {
        let behind = usize::from(self.ready[1].len() < self.ready[0].len());
        [behind, 1 - behind].into_iter().find_map(|side| {
            let has_room = self.ready[side].len() < AHEAD;
            let source = &mut self.sources[side];
            if !has_room || !matches!(source, BandSource::Waiting(_)) {
                return None;
            }
            match std::mem::replace(source, BandSource::Taken) {
                BandSource::Waiting(bands) => Some((side, bands)),
                _ => None,
            }
        })
    }

    fn has_ended(&self) -> bool {
        let ended = |source| matches!(source, &BandSource::Ended { .. });
        self.sources.iter().all(ended)
    }

    fn is_damaged(&self) -> bool {
        let damaged = |source| matches!(source, &BandSource::Ended { complete: false });
        self.sources.iter().any(damaged)
    }
}

/// One thread's work on one image.
struct RestoreTask<'l, 'a> {
    pipeline: &'l BandPipeline<'a>,
    side: usize,
    /// `None` once they are done.
    bands: Option<Box<RestoredBands<'a>>>,
}

impl RestoreTask<'_, '_> {
    /// Restores the next band, and returns it with the image.
    fn take(mut self) {
        let Some(mut bands) = self.bands.take() else {
            return;
        };
        let band = bands.next();
        let source = match band {
            None => BandSource::Ended { complete: false },
            Some(_) if bands.have_ended() => BandSource::Ended { complete: true },
            Some(_) => BandSource::Waiting(bands),
        };
        let mut state = self.pipeline.state();
        state.sources[self.side] = source;
        state.ready[self.side].extend(band);
    }
}

impl Drop for RestoreTask<'_, '_> {
    fn drop(&mut self) {
        // Other threads must not wait for a band that a panic has lost.
        if std::thread::panicking() {
            self.pipeline.state().sources[self.side] = BandSource::Ended { complete: false };
        }
        self.pipeline.changed.notify_all();
    }
}
