//! The process that works for all tests of a suite.

use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::io::{self, BufReader, Read as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::message::{Answer, Request, hear, say};
use super::place::{Note, Place};
use crate::config::Config;
use crate::events::{Bus, Event, Subscriber};
use crate::harness::ending;
use crate::manifest::Manifest;
use crate::plan::Snapshot;
use crate::run::{RunHandle, RunOptions, Scheduling, SnapshotOutcome, end};

struct Studio {
    manifest: Arc<Manifest>,
    run: RunHandle,
    /// Snapshots by the names of their tests.
    names: HashMap<String, usize>,
    token: String,
    /// How many visitors wait for an outcome.
    waiting: AtomicUsize,
    warnings: Arc<Warnings>,
    /// Held while reports are written.
    pausing: Mutex<()>,
}

/// Collects warnings for the tests' processes, each once.
#[derive(Default)]
struct Warnings(Mutex<WarningState>);

#[derive(Default)]
struct WarningState {
    seen: HashSet<String>,
    unread: Vec<String>,
}

impl Warnings {
    /// The warnings since the last call.
    fn take(&self) -> Vec<String> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut state.unread)
    }
}

impl Subscriber for Warnings {
    fn on_event(&self, event: &Event, _: &Bus) {
        if let Event::Warning(text) = event {
            let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if state.seen.insert(text.clone()) {
                state.unread.push(text.clone());
            }
        }
    }
}

/// Works until the runner is gone, then ends the run. What goes wrong stands in
/// the place's log.
pub(in crate::harness) fn work(
    place: &Place,
    manifest: Manifest,
    snapshots: Vec<Snapshot>,
    config: Config,
    options: RunOptions,
) -> ExitCode {
    match carry_out(place, manifest, snapshots, config, options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn carry_out(
    place: &Place,
    manifest: Manifest,
    mut snapshots: Vec<Snapshot>,
    config: Config,
    options: RunOptions,
) -> Result<(), Box<dyn Error>> {
    for snapshot in &mut snapshots {
        // Whoever asks has decided to run it.
        snapshot.skip = None;
    }
    let names = snapshots.iter().enumerate();
    let names = names.map(|(index, snapshot)| (snapshot.identifier.test_name(), index));
    let names = names.collect();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let token = uuid::Uuid::now_v7().simple().to_string();
    place.leave(&Note {
        port: listener.local_addr()?.port(),
        token: token.clone(),
    })?;
    let (manifest, run_id) = (Arc::new(manifest), config.run_id.clone());
    let (bus, warnings) = (Bus::new(), Arc::new(Warnings::default()));
    ending::subscribe_files(&bus, &manifest);
    bus.subscribe(Arc::clone(&warnings) as Arc<dyn Subscriber>);
    let run = RunHandle::start(
        Arc::clone(&manifest),
        snapshots,
        Scheduling::OnRequest,
        config,
        options,
        bus,
    );
    let ended = match run {
        Ok(run) => {
            let studio = Studio {
                manifest: Arc::clone(&manifest),
                run,
                names,
                token,
                waiting: AtomicUsize::new(0),
                warnings,
                pausing: Mutex::default(),
            };
            let leave = || studio.run.interrupt();
            open_to(&listener, |visitor| studio.receive(&visitor), leave);
            studio.run.finish();
            end(&manifest, &run_id)
        }
        Err(error) => {
            let answer = Answer::NotStarted(error.to_string());
            let refuse = |visitor: TcpStream| {
                let _ = hear::<Request>(&mut BufReader::new(&visitor));
                let _ = say(&visitor, &answer);
            };
            open_to(&listener, refuse, || ());
            Ok(())
        }
    };
    place.remove();
    ended
}

/// Lets visitors in until the runner is gone, and with it our input. Then
/// `leave` has to see to it that nobody waits for long.
fn open_to(listener: &TcpListener, receive: impl Fn(TcpStream) + Sync, leave: impl FnOnce()) {
    let is_closed = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for visitor in listener.incoming().flatten() {
                if is_closed.load(Ordering::Relaxed) {
                    break;
                }
                scope.spawn(|| receive(visitor));
            }
        });
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        is_closed.store(true, Ordering::Relaxed);
        leave();
        // The last visitor only opens the door to closing it.
        let _ = listener.local_addr().and_then(TcpStream::connect);
    });
}

impl Studio {
    /// Has done what a visitor wants, unless the visitor leaves before.
    fn receive(&self, visitor: &TcpStream) {
        let request = hear::<Request>(&mut BufReader::new(visitor));
        let Some(request) = request.ok().filter(|request| request.token == self.token) else {
            return;
        };
        let Some(&index) = self.names.get(&request.test) else {
            let reason = format!(
                "{} is no snapshot of {} any more (the manifest has changed during the run)",
                request.test,
                self.manifest.path.display()
            );
            let _ = say(visitor, &Answer::NotStarted(reason));
            return;
        };
        let is_answered = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                until_gone(visitor);
                if !is_answered.load(Ordering::Relaxed) {
                    self.run.give_up(index);
                }
            });
            let answer = self.answer(index);
            is_answered.store(true, Ordering::Relaxed);
            let _ = say(visitor, &answer);
            let _ = visitor.shutdown(Shutdown::Both);
        });
    }

    fn answer(&self, index: usize) -> Answer {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let SnapshotOutcome { status, message } = self.run.request(index);
        let is_last = self.waiting.fetch_sub(1, Ordering::SeqCst) == 1;
        // The runner may end with this answer, and the machine with it.
        let warnings = if is_last { self.draw() } else { Vec::new() };
        Answer::Done {
            status,
            message,
            warnings,
        }
    }

    /// Has everything written; gives what nobody was warned of before.
    fn draw(&self) -> Vec<String> {
        let _pausing = self.pausing.lock().unwrap_or_else(PoisonError::into_inner);
        self.run.pause();
        self.warnings.take()
    }
}

fn until_gone(mut visitor: &TcpStream) {
    let mut rest = [0; 64];
    while matches!(visitor.read(&mut rest), Ok(1..)) {}
}
