//! From two files to a verdict and, where they differ, a diff on disk, in
//! processes that have been up for a while: odiff as a server, Tintype as a
//! library. So are a suite's comparisons, many in one process.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use tintype_compare::{Options, Verdict, inspect_png};

use crate::cases::Case;
use crate::{median, time};

const ROUNDS: usize = 25;

/// Medians of both in turn, if odiff is installed.
pub fn table(cases: &[Case], odiff: &Path) {
    if !odiff.exists() {
        return;
    }
    println!(
        "\n{:<18} {:>8} {:>10} {:>8}",
        "served, ms", "tintype", "odiff", "x odiff"
    );
    let diff = env::temp_dir().join(format!("compare-peers-{}.png", std::process::id()));
    let mut server = Server::start(odiff);
    for case in cases {
        let mut times: [Vec<f64>; 2] = Default::default();
        for _ in 0..case.rounds(ROUNDS) {
            time(&mut times[0], || ours(&case.paths, &diff));
            time(&mut times[1], || server.ask(&case.paths, &diff));
        }
        let [ours, theirs] = times.map(median);
        println!(
            "{:<18} {ours:>8.3} {theirs:>10.3} {:>8.1}",
            case.name,
            theirs / ours
        );
    }
    fs::remove_file(diff).unwrap();
}

fn ours(paths: &[PathBuf; 2], diff: &Path) {
    let [a, b] = paths.each_ref().map(|path| fs::read(path).unwrap());
    let mut found = inspect_png(&a, &b, &Options::default()).unwrap();
    if found.comparison.verdict != Verdict::Same {
        fs::write(diff, found.diff_png().unwrap()).unwrap();
    }
}

/// odiff, which reads requests as lines of JSON.
struct Server {
    process: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Server {
    fn start(odiff: &Path) -> Self {
        let mut command = Command::new(odiff);
        command
            .arg("--server")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut server = Self {
            requests: process.stdin.take().unwrap(),
            answers: BufReader::new(process.stdout.take().unwrap()),
            process,
        };
        assert!(server.answer().contains("\"ready\":true"));
        server
    }

    fn ask(&mut self, [a, b]: &[PathBuf; 2], diff: &Path) {
        let request = format!(
            r#"{{"requestId":0,"base":{a:?},"compare":{b:?},"output":{diff:?},"options":{{"antialiasing":true}}}}"#
        );
        writeln!(self.requests, "{request}").unwrap();
        let answer = self.answer();
        assert!(answer.contains("\"match\""), "odiff: {answer}");
    }

    fn answer(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        line
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
