//! A proxy that cuts connections in the middle of a transfer.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// Forwards bytes to a server until it cuts the connection.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    /// The server's port.
    server: Arc<AtomicU16>,
    /// The number of accepted connections.
    taken: Arc<AtomicUsize>,
    /// Whether the existing connections are stalled.
    held: Arc<AtomicBool>,
    /// Bytes that may still pass before everything is cut; 0 for no limit.
    budget: Arc<AtomicU64>,
    /// The number of connections cut during a transfer.
    cuts: Arc<AtomicUsize>,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

impl Proxy {
    pub(crate) fn start(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = Self {
            port: listener.local_addr().unwrap().port(),
            server: Arc::new(AtomicU16::new(server)),
            taken: Arc::default(),
            held: Arc::default(),
            budget: Arc::default(),
            cuts: Arc::default(),
            open: Arc::default(),
        };
        let (taken, held) = (Arc::clone(&proxy.taken), Arc::clone(&proxy.held));
        let (server, budget, cuts, open) = (
            Arc::clone(&proxy.server),
            Arc::clone(&proxy.budget),
            Arc::clone(&proxy.cuts),
            Arc::clone(&proxy.open),
        );
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                taken.fetch_add(1, Ordering::SeqCst);
                let server = ("127.0.0.1", server.load(Ordering::SeqCst));
                let Ok(server) = TcpStream::connect(server) else {
                    continue;
                };
                let _ = (client.set_nodelay(true), server.set_nodelay(true));
                let mut list = open.lock().unwrap();
                for (from, to) in [(&client, &server), (&server, &client)] {
                    let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    let (budget, cuts, held) =
                        (Arc::clone(&budget), Arc::clone(&cuts), Arc::clone(&held));
                    std::thread::spawn(move || pass(from, to, &budget, &cuts, &held));
                }
                list.push(client);
                list.push(server);
            }
        });
        proxy
    }

    /// Cuts one connection after this many bytes, at any place.
    pub(crate) fn cut_after(&self, bytes: u64) {
        self.budget.store(bytes.max(1), Ordering::SeqCst);
    }

    /// Stalls all connections without closing them, as when a router between
    /// the two has failed.
    pub(crate) fn hold(&self) {
        self.held.store(true, Ordering::SeqCst);
    }

    /// The number of accepted connections.
    pub(crate) fn taken(&self) -> usize {
        self.taken.load(Ordering::SeqCst)
    }

    /// The number of connections cut during a transfer.
    pub(crate) fn cuts(&self) -> usize {
        self.cuts.load(Ordering::SeqCst)
    }

    /// Passes new connections on to another server, and closes all others.
    pub(crate) fn lead_to(&self, server: u16) {
        self.server.store(server, Ordering::SeqCst);
        self.close_all();
    }

    /// Closes all connections.
    pub(crate) fn close_all(&self) {
        for stream in self.open.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

fn pass(
    mut from: TcpStream,
    mut to: TcpStream,
    budget: &AtomicU64,
    cuts: &AtomicUsize,
    held: &AtomicBool,
) {
    let mut bytes = [0; 4096];
    while let Ok(n @ 1..) = from.read(&mut bytes) {
        if held.load(Ordering::SeqCst) {
            continue;
        }
        // Both directions share it, and only one of them cuts.
        let draw = |left: u64| (left > 0).then(|| left.saturating_sub(n as u64));
        let left = budget.fetch_update(Ordering::SeqCst, Ordering::SeqCst, draw);
        let cut = left.ok().filter(|left| *left <= n as u64);
        let passing = cut.map_or(n, |left| usize::try_from(left).unwrap());
        if to.write_all(&bytes[..passing]).is_err() {
            break;
        }
        if cut.is_some() {
            cuts.fetch_add(1, Ordering::SeqCst);
            break;
        }
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}
