//! Runs the snapshots that test processes ask for, in one run.

use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::io::{self, BufReader, Read as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::message::{TestRequest, TestResponse, receive, send};
use super::rendezvous::{CoordinatorAddress, Rendezvous};
use crate::config::Config;
use crate::escape::print_error;
use crate::events::{Bus, Event, Subscriber};
use crate::harness::reports;
use crate::manifest::Manifest;
use crate::model::VisualTestResult;
use crate::plan::Snapshot;
use crate::report::test_message;
use crate::run::{RunHandle, RunOptions, Scheduling, end};

struct Coordinator {
    manifest: Arc<Manifest>,
    explain: bool,
    run: RunHandle,
    /// The snapshots' indices by test name.
    indices: HashMap<String, usize>,
    token: String,
    /// The number of clients that wait for an outcome.
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

/// Serves clients until the runner exits, then ends the run. Errors go to the
/// rendezvous's log.
pub(in crate::harness) fn coordinate(
    rendezvous: &Rendezvous,
    manifest: Manifest,
    snapshots: Vec<Snapshot>,
    config: &Config,
    options: RunOptions,
) -> ExitCode {
    match serve(rendezvous, manifest, snapshots, config, options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            print_error(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn serve(
    rendezvous: &Rendezvous,
    manifest: Manifest,
    mut snapshots: Vec<Snapshot>,
    config: &Config,
    options: RunOptions,
) -> Result<(), Box<dyn Error>> {
    for snapshot in &mut snapshots {
        // The client has decided to run it.
        snapshot.skip = None;
    }
    let indices = snapshots.iter().enumerate();
    let indices = indices.map(|(index, snapshot)| (snapshot.identifier.test_name(), index));
    let indices = indices.collect();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let token = uuid::Uuid::now_v7().simple().to_string();
    rendezvous.publish(&CoordinatorAddress {
        port: listener.local_addr()?.port(),
        token: token.clone(),
    })?;
    let manifest = Arc::new(manifest);
    let (bus, warnings) = (Bus::new(), Arc::new(Warnings::default()));
    reports::subscribe_files(&bus, &manifest, config);
    bus.subscribe(Arc::clone(&warnings) as Arc<dyn Subscriber>);
    #[cfg(feature = "artifacts")]
    crate::baseline::prefetch(&manifest, &snapshots);
    let run = RunHandle::start(
        Arc::clone(&manifest),
        Arc::new(snapshots),
        Scheduling::OnRequest,
        config.clone(),
        options,
        bus,
    );
    let ended = match run {
        Ok(run) => {
            let coordinator = Coordinator {
                manifest: Arc::clone(&manifest),
                explain: config.explain,
                run,
                indices,
                token,
                waiting: AtomicUsize::new(0),
                warnings,
                pausing: Mutex::default(),
            };
            let interrupt = || coordinator.run.interrupt();
            accept_clients(&listener, |client| coordinator.handle(&client), interrupt);
            coordinator.run.finish();
            end(&manifest, config)
        }
        Err(error) => {
            let response = TestResponse::NotStarted(error.to_string());
            let refuse = |client: TcpStream| {
                let _ = receive::<TestRequest>(&mut BufReader::new(&client));
                let _ = send(&client, &response);
            };
            accept_clients(&listener, refuse, || ());
            Ok(())
        }
    };
    rendezvous.remove();
    ended
}

/// Handles clients until the runner exits, which ends our standard input. Then
/// `interrupt` must end the waits of the remaining clients.
fn accept_clients(
    listener: &TcpListener,
    handle: impl Fn(TcpStream) + Sync,
    interrupt: impl FnOnce(),
) {
    let is_closed = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for client in listener.incoming().flatten() {
                if is_closed.load(Ordering::Relaxed) {
                    break;
                }
                scope.spawn(|| handle(client));
            }
        });
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        is_closed.store(true, Ordering::Relaxed);
        interrupt();
        // This connection wakes the accept loop, which then ends.
        let _ = listener.local_addr().and_then(TcpStream::connect);
    });
}

impl Coordinator {
    /// Responds to a client. If the client disconnects first, its snapshot is
    /// given up.
    fn handle(&self, client: &TcpStream) {
        let request = receive::<TestRequest>(&mut BufReader::new(client));
        let Some(request) = request.ok().filter(|request| request.token == self.token) else {
            return;
        };
        let Some(&index) = self.indices.get(&request.test) else {
            let reason = format!(
                "{} is no longer in {}: the manifest changed during the run",
                request.test,
                self.manifest.path.display()
            );
            let _ = send(client, &TestResponse::NotStarted(reason));
            return;
        };
        let has_response = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                wait_for_disconnect(client);
                if !has_response.load(Ordering::Relaxed) {
                    self.run.cancel(index);
                }
            });
            let response = self.response(index);
            has_response.store(true, Ordering::Relaxed);
            let _ = send(client, &response);
            let _ = client.shutdown(Shutdown::Both);
        });
    }

    fn response(&self, index: usize) -> TestResponse {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let finished = self.run.request(index);
        let is_last = self.waiting.fetch_sub(1, Ordering::SeqCst) == 1;
        // The runner may exit after this response, and the machine with it.
        let warnings = if is_last {
            self.write_reports()
        } else {
            Vec::new()
        };
        let message = test_message(&finished, self.explain);
        let result = &finished.result;
        let message = message.map(|message| match result.fails_run() {
            true => format!("{message}\n  report:   {}", self.report_path(result)),
            false => message,
        });
        TestResponse::Finished {
            status: result.status,
            message,
            warnings,
        }
    }

    /// Where the HTML report is when the runner exits.
    fn report_path(&self, result: &VisualTestResult) -> String {
        let folder = self.manifest.run_dir(&result.run_id);
        folder.join("report.html").display().to_string()
    }

    /// Writes everything so far. Returns the new warnings.
    fn write_reports(&self) -> Vec<String> {
        let _pausing = self.pausing.lock().unwrap_or_else(PoisonError::into_inner);
        self.run.pause();
        self.warnings.take()
    }
}

fn wait_for_disconnect(mut client: &TcpStream) {
    let mut rest = [0; 64];
    while matches!(client.read(&mut rest), Ok(1..)) {}
}
