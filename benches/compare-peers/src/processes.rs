//! Whole processes, from two files to an exit code.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::cases::Case;
use crate::{median, time};

const ROUNDS: usize = 15;

/// Rounds of what takes ten times as long as the others.
const ROUNDS_OF_SLOW: usize = 5;

/// A command line, with `A` and `B` as placeholders for the two files.
struct Tool {
    name: &'static str,
    words: Vec<PathBuf>,
    rounds: usize,
}

/// Medians and peak memory of every installed tool, in turn.
pub fn table(cases: &[Case]) {
    let tools = tools();
    let has_time = Path::new("/usr/bin/time").exists();
    print!("\n{:<18}", "processes, ms");
    tools.iter().for_each(|tool| print!(" {:>10}", tool.name));
    tools
        .iter()
        .skip(1)
        .for_each(|tool| print!(" {:>12}", format!("x {}", tool.name)));
    if has_time {
        tools
            .iter()
            .for_each(|tool| print!(" {:>13}", format!("{} MB", tool.name)));
    }
    println!();
    for case in cases {
        let mut times = vec![Vec::new(); tools.len()];
        // The first round is for the caches.
        for round in 0..=case.rounds(ROUNDS) {
            for (tool, times) in tools
                .iter()
                .zip(&mut times)
                .filter(|(tool, _)| round <= case.rounds(tool.rounds))
            {
                time(times, || tool.run(case));
                if round == 0 {
                    times.clear();
                }
            }
        }
        let medians: Vec<f64> = times.into_iter().map(median).collect();
        print!("{:<18}", case.name);
        medians.iter().for_each(|time| print!(" {time:>10.2}"));
        medians
            .iter()
            .skip(1)
            .for_each(|time| print!(" {:>12.1}", time / medians[0]));
        if has_time {
            tools
                .iter()
                .for_each(|tool| print!(" {:>13.1}", tool.peak(case)));
        }
        println!();
    }
}

/// Where npm has put odiff's program.
pub fn odiff() -> PathBuf {
    modules().join(format!("@odiff/{}/odiff", platform()))
}

/// Where npm has put the packages.
pub fn modules() -> PathBuf {
    env::current_dir().unwrap().join("node_modules")
}

fn tools() -> Vec<Tool> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let (modules, platform) = (modules(), platform());
    let ours = env::var_os("CARGO_TINTYPE").map(PathBuf::from);
    let ours = ours.unwrap_or_else(|| root.join("target/release/cargo-tintype"));
    let odiff = odiff();
    let blazediff = modules.join(format!("@blazediff/bin-{platform}/blazediff"));
    let [eight, seven] = ["8", "7"].map(|v| modules.join(format!("pixelmatch{v}/bin/pixelmatch")));
    let tool = |name, words: &[&Path], rounds| Tool {
        name,
        words: words.iter().map(|word| word.to_path_buf()).collect(),
        rounds,
    };
    let [a, b] = ["A", "B"].map(Path::new);
    let tools = [
        tool("tintype", &[&ours, "compare".as_ref(), a, b], ROUNDS),
        tool("odiff", &[&odiff, a, b, "--aa".as_ref()], ROUNDS),
        tool("blazediff", &[&blazediff, a, b, "-a".as_ref()], ROUNDS),
        tool(
            "dify",
            &[&env::current_exe().unwrap(), "dify".as_ref(), a, b],
            ROUNDS_OF_SLOW,
        ),
        tool(
            "pixelmatch 8",
            &["node".as_ref(), &eight, a, b],
            ROUNDS_OF_SLOW,
        ),
        tool(
            "pixelmatch 7",
            &["node".as_ref(), &seven, a, b],
            ROUNDS_OF_SLOW,
        ),
        // What our program needs before it compares anything: with its arguments.
        tool("start", &[&ours, "--version".as_ref()], ROUNDS),
        // The cost of starting and ending any process.
        tool("nothing", &["true".as_ref()], ROUNDS),
    ];
    let is_there = |tool: &Tool| {
        tool.words
            .iter()
            .all(|word| !word.is_absolute() || word.exists())
    };
    tools.into_iter().filter(is_there).collect()
}

/// As npm's packages call it.
fn platform() -> String {
    let system = if cfg!(target_os = "macos") {
        "darwin"
    } else {
        env::consts::OS
    };
    let processor = match env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => other,
    };
    format!("{system}-{processor}")
}

impl Tool {
    fn command(&self, before: &[&str], case: &Case) -> Command {
        let place = |word: &PathBuf| match word.to_str() {
            Some("A") => case.paths[0].clone(),
            Some("B") => case.paths[1].clone(),
            _ => word.clone(),
        };
        let mut words = before
            .iter()
            .map(PathBuf::from)
            .chain(self.words.iter().map(place));
        let mut command = Command::new(words.next().unwrap());
        command.args(words).stdin(Stdio::null());
        command
    }

    fn run(&self, case: &Case) {
        let mut command = self.command(&[], case);
        let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
        status.unwrap_or_else(|error| panic!("{}: {error}", self.name));
    }

    /// The most memory it held, in MB.
    fn peak(&self, case: &Case) -> f64 {
        let output = self
            .command(&["/usr/bin/time", "-f", "%M"], case)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        said.lines().last().unwrap().parse::<f64>().unwrap() / 1024.0
    }
}

/// dify's own program always writes a picture. This is its library, from two
/// files to the count.
pub fn dify(a: &Path, b: &Path) {
    let [a, b] = [a, b].map(|path| image::open(path).unwrap().into_rgba8());
    let found = dify::diff::get_results(a, b, 35215.0 * 0.01, true, None, &None, &None);
    println!("{}", found.map_or(0, |(count, _)| count));
}
