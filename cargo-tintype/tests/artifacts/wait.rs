//! `cargo tintype wait` on a machine that has captured nothing.

use libtest_mimic::Trial;
use serde_json::Value;

use super::project::Project;
use super::server::Server;
use super::trials;

pub(crate) fn tests() -> Vec<Trial> {
    trials![wait_reports_with_the_pictures_of_other_machines]
}

fn wait_reports_with_the_pictures_of_other_machines() {
    let store = tempfile::tempdir().unwrap();
    let redis = Server::start(&[]);
    let url = redis.url();
    let here = Project::in_folder(store.path());
    here.story("a", "red");
    here.suite(&[("TINTYPE_UPDATE", "new")]).expect(0);
    here.story("a", "blue");
    let other = here.checkout();
    here.suite(&[("REDIS_URL", &url), ("TINTYPE_RUN_ID", "ci-7")])
        .expect(101);

    let said = other
        .tintype_at(&url, &["wait", "ci-7", "--json"])
        .expect(1);
    assert_eq!(said.err, "", "no picture is missing");
    let json: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(json["run"]["reason"], "failed");
    let file = other.last();
    let result = &file.results[0];
    for (path, hash) in [
        (&result.current, &result.sha256.as_ref().unwrap().current),
        (&result.diff, &result.sha256.as_ref().unwrap().diff),
    ] {
        let bytes = std::fs::read(other.path().join(path.as_ref().unwrap())).unwrap();
        let found = tintype::internals::baseline::sha256(&bytes);
        assert_eq!(Some(found), *hash);
    }
    let report = std::fs::read_to_string(json["report"].as_str().unwrap()).unwrap();
    assert_eq!(report.matches("data:image/png;base64,").count(), 3);
    // The folder is that of a run of this machine.
    other
        .tintype(&["accept"])
        .expect(0)
        .says("accepted a::light");
}
