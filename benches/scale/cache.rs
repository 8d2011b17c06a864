//! Records a pass for every snapshot of the manifest that `TINTYPE_MANIFEST`
//! names, as a run does in which all pictures are equal, but without a browser:
//! capturing 100,000 snapshots takes too long.

use std::env;
use std::fs;
use std::path::PathBuf;

use tintype::internals::baseline;
use tintype::internals::cache::{Cache, CachedPass, Loads};
use tintype::internals::config::Config;
use tintype::internals::manifest::Manifest;
use tintype::internals::plan::Plan;
use tintype::internals::run::{cache_context, environment};
use tokio::runtime::Runtime;

fn main() {
    // `cargo test --benches` starts this as well.
    let Some(path) = env::var_os("TINTYPE_MANIFEST").map(PathBuf::from) else {
        return;
    };
    let runtime = Runtime::new().expect("threads");
    let config = Config::from_environment().expect("valid variables");
    let manifest = Manifest::load(&path, &config).expect("a manifest");
    let plan = Plan::from_manifest(&manifest).expect("a plan");
    let here = runtime.block_on(environment(&manifest, &config));
    let (context, _) = cache_context(&manifest, &config, &here);
    let folder = manifest.state_dir().join("cache");
    let cache = Cache::open(folder, &manifest, &config, &context, None);
    for snapshot in &plan.snapshots {
        let page = snapshot.story.path.split('?').next().unwrap_or_default();
        let loads = Loads {
            files: vec![page.to_owned(), "/style.css".to_owned()],
            untracked: Vec::new(),
        };
        let file = fs::read(&snapshot.baseline).expect("a baseline");
        let pass = CachedPass::new(baseline::sha256(&file));
        cache
            .record_pass(snapshot, pass, &loads)
            .expect("a story that can be cached");
    }
    assert_eq!(runtime.block_on(cache.flush()), Vec::<String>::new());
}
