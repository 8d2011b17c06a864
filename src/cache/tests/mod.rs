//! Tests that every input and every kind of damage causes a cache miss.

mod project;
mod reasons;

use std::fs;
use std::sync::Arc;

use self::project::{CachedProject, MANIFEST, config, loads};
use super::Loads;

#[tokio::test]
async fn a_recorded_pass_is_a_hit() {
    let project = CachedProject::new();
    assert_eq!(project.hits().await, 0);
    project.record().await;
    let hits = project.lookup().await;
    for (hit, snapshot) in hits.into_iter().zip(project.plan()) {
        let hit = hit.expect("every snapshot was recorded");
        assert_eq!(hit, CachedProject::pass(&snapshot));
    }
}

#[tokio::test]
async fn irrelevant_changes_are_hits() {
    let mut project = CachedProject::new();
    project.record().await;
    // The same bytes, rewritten; a file that no page loads; a comment.
    project.write("stories/a/b.css", "p { color: red }");
    project.write("stories/other.css", "p { color: blue }");
    project.manifest.push_str("# a comment\n");
    assert_eq!(project.hits().await, 4);
}

/// A change of one input of all four snapshots.
type InputChange = fn(&mut CachedProject);

const CHANGES: &[(&str, InputChange)] = &[
    ("the page", |b| b.write("stories/button.html", "<p>")),
    ("a stylesheet", |b| {
        b.write("stories/a/b.css", "p { color: rec }");
    }),
    ("an image", |b| b.write("stories/a b.png", "an imagE")),
    ("an empty image", |b| b.write("stories/a b.png", "")),
    ("an image that goes", |b| {
        fs::remove_file(b.path("stories/a b.png")).unwrap();
    }),
    ("an absent file that comes", |b| {
        b.write("stories/favicon.ico", "");
    }),
    ("an absent page that comes", |b| {
        b.write("stories/a/gone/index.html", "");
    }),
    ("a folder that becomes a file", |b| {
        fs::rename(b.path("stories/a"), b.path("stories/z")).unwrap();
        b.write("stories/a", "");
    }),
    ("a file that becomes a folder", |b| {
        fs::remove_file(b.path("stories/a b.png")).unwrap();
        fs::create_dir(b.path("stories/a b.png")).unwrap();
    }),
    ("the target of a link", |b| {
        b.write("shared/font.woff2", "a fonT");
    }),
    #[cfg(unix)]
    ("another target", |b| {
        let link = b.path("stories/a/font.woff2");
        fs::remove_file(&link).unwrap();
        std::os::unix::fs::symlink("../../shared/other.woff2", link).unwrap();
    }),
    #[cfg(unix)]
    ("a broken link", |b| {
        fs::remove_file(b.path("shared/font.woff2")).unwrap();
    }),
    ("two files that change places", |b| {
        fs::rename(b.path("stories/a/b.css"), b.path("stories/x")).unwrap();
        fs::rename(b.path("stories/a b.png"), b.path("stories/a/b.css")).unwrap();
        fs::rename(b.path("stories/x"), b.path("stories/a b.png")).unwrap();
    }),
    ("the baselines", |b| {
        b.plan().iter().for_each(|s| b.accept(s, 1));
    }),
    ("baselines that go", |b| {
        fs::remove_dir_all(b.path("baselines")).unwrap();
    }),
    ("baselines that are no pictures", |b| {
        b.plan()
            .iter()
            .for_each(|s| fs::write(&s.baseline, "text").unwrap());
    }),
    ("themes' attributes", |b| {
        b.manifest = b
            .manifest
            .replace("data-theme = \"light\"", "data-theme = \"pale\"");
    }),
    ("colour schemes", |b| {
        b.manifest = b.manifest.replace(
            "{ color-scheme = \"dark\" }",
            "{ color-scheme = \"light\" }",
        );
    }),
    ("the threshold", |b| {
        b.manifest = b.manifest.replace("0.1", "0.11");
    }),
    ("the limits", |b| {
        b.manifest = b
            .manifest
            .replace("threshold", "max-diff-pixels = 1\nthreshold");
    }),
    ("the viewports", |b| {
        b.manifest = b
            .manifest
            .replace("375x667", "375x668")
            .replace("1280x720", "1280x721");
        b.plan().iter().for_each(|s| b.accept(s, 0));
    }),
    ("the query", |b| {
        b.manifest = b.manifest.replace("state=on", "state=off");
    }),
    ("the timeout", |b| {
        b.manifest.push_str("[capture]\ntimeout = \"7s\"\n");
    }),
    ("the browser's build", |b| {
        b.context.browser = b.context.browser.replace("79", "80");
    }),
    ("a switch", |b| {
        b.context.switches.push("--disable-lcd-text".to_owned());
    }),
    ("the fonts", |b| b.context.fonts = None),
    ("the system", |b| b.context.platform.push('x')),
    ("the processor", |b| b.context.arch.push('x')),
    ("this crate", |b| b.context.tintype.push('x')),
    ("the time zone", |b| b.context.time_zone = None),
    ("the language", |b| {
        b.context
            .variables
            .insert("LANG".to_owned(), "xx".to_owned());
    }),
];

#[tokio::test]
async fn every_changed_input_is_a_miss() {
    for (what, change) in CHANGES {
        let mut project = CachedProject::new();
        project.record().await;
        assert_eq!(project.hits().await, 4, "before {what}");
        change(&mut project);
        assert_eq!(project.hits().await, 0, "{what}");
    }
}

#[tokio::test]
async fn switching_back_and_forth_is_a_hit() {
    let project = CachedProject::new();
    project.record().await;
    project.write("stories/a/b.css", "p { color: blue }");
    project.tick();
    project.record().await;
    assert_eq!(project.hits().await, 4);
    project.write("stories/a/b.css", "p { color: red }");
    assert_eq!(project.hits().await, 4);
    project.write("stories/a/b.css", "p { color: pink }");
    assert_eq!(project.hits().await, 0);
}

#[tokio::test]
async fn a_changed_baseline_is_a_miss_for_its_snapshot_only() {
    let project = CachedProject::new();
    project.record().await;
    project.accept(&project.plan()[2], 1);
    let hits: Vec<_> = project.lookup().await.iter().map(Option::is_some).collect();
    assert_eq!(hits, [true, true, false, true]);
}

#[tokio::test]
async fn files_that_change_during_the_run_are_not_cached() {
    let changes: &[(&str, &str, InputChange)] = &[
        ("written", "a/b.css", |b| {
            b.write("stories/a/b.css", "p { color: blue }");
        }),
        ("written to and fro", "a/b.css", |b| {
            b.write("stories/a/b.css", "p { color: blue }");
            b.write("stories/a/b.css", "p { color: red }");
        }),
        ("came and went", "favicon.ico", |b| {
            b.write("stories/favicon.ico", "");
            fs::remove_file(b.path("stories/favicon.ico")).unwrap();
        }),
        ("replaced by an older file", "a b.png", |b| {
            fs::rename(b.path("shared/other.woff2"), b.path("stories/a b.png")).unwrap();
        }),
        #[cfg(unix)]
        ("behind a link", "a/font.woff2", |b| {
            b.write("shared/font.woff2", "a fonT");
        }),
        #[cfg(unix)]
        ("a folder behind a link", "a/font.woff2", |b| {
            fs::create_dir(b.path("newer")).unwrap();
            fs::rename(b.path("shared/other.woff2"), b.path("newer/font.woff2")).unwrap();
            fs::rename(b.path("shared"), b.path("older")).unwrap();
            fs::rename(b.path("newer"), b.path("shared")).unwrap();
        }),
    ];
    for (what, file, change) in changes {
        let mut project = CachedProject::new();
        let cache = project.open();
        let snapshot = &project.plan()[0];
        let mut loads = loads();
        loads
            .files
            .retain(|f| f.trim_start_matches('/') == *file || f == "button.html");
        cache
            .record_pass(snapshot, CachedProject::pass(snapshot), &loads)
            .unwrap();
        change(&mut project);
        let warnings = cache.flush().await;
        assert_eq!(warnings.len(), 1, "{what}");
        let reason = "changed during the run";
        assert!(warnings[0].contains(reason), "{what}: {}", warnings[0]);
        assert_eq!(project.hits().await, 0, "{what}");
    }
}

#[tokio::test]
async fn untracked_inputs_are_not_cached() {
    let project = CachedProject::new();
    let snapshot = &project.plan()[0];
    let refusal = |project: &CachedProject, loads: Loads| {
        let refused = project
            .open()
            .record_pass(snapshot, CachedProject::pass(snapshot), &loads);
        refused.unwrap_err()
    };
    let untracked = Loads {
        untracked: vec!["a service worker".to_owned(), "a web socket".to_owned()],
        ..loads()
    };
    let outside = Loads {
        files: vec!["button.html".to_owned(), "a/../../secret".to_owned()],
        ..Loads::default()
    };
    let mut lines = vec![
        refusal(&project, untracked),
        refusal(&project, Loads::default()),
        refusal(&project, outside),
    ];
    for variables in [
        ("TINTYPE_CACHE", "off"),
        ("TINTYPE_CACHE", "read"),
        ("TINTYPE_UPDATE", "all"),
    ] {
        let config = config(&[variables]);
        lines.push(refusal(
            &CachedProject {
                config,
                ..CachedProject::new()
            },
            loads(),
        ));
    }
    let elsewhere = MANIFEST.replace("dir = \"stories\"", "url = \"http://127.0.0.1:1\"");
    let grid = format!("[browser]\nwebdriver = \"http://grid:4444\"\n{MANIFEST}");
    for manifest in [elsewhere, grid] {
        lines.push(refusal(
            &CachedProject {
                manifest,
                ..CachedProject::new()
            },
            loads(),
        ));
    }
    insta::assert_snapshot!(lines.join("\n"), @r"
    a service worker, a web socket
    its page `button.html` is not among the loaded files
    it requests `a/../../secret`, outside the stories folder
    TINTYPE_CACHE is `off`
    TINTYPE_CACHE is `read`
    TINTYPE_UPDATE is `all`
    its server is external, so changes of its responses cannot be detected
    its browser runs behind `webdriver`, so changes of its build cannot be detected
    ");
}

#[tokio::test]
async fn the_configuration_controls_lookups() {
    let mut project = CachedProject::new();
    project.record().await;
    for (variables, hits) in [
        (("TINTYPE_CACHE", "off"), 0),
        (("TINTYPE_CACHE", "read"), 4),
        (("TINTYPE_CACHE", "on"), 4),
        (("TINTYPE_UPDATE", "all"), 0),
        (("TINTYPE_UPDATE", "new"), 4),
    ] {
        project.config = config(&[variables]);
        assert_eq!(project.hits().await, hits, "{variables:?}");
    }
    project.config = config(&[]);
    let here = project.manifest.clone();
    project.manifest = format!("[browser]\nwebdriver = \"http://grid:4444\"\n{here}");
    assert_eq!(project.hits().await, 0);
    project.manifest = here;
    project.manifest.push_str("skip = \"not today\"\n");
    assert_eq!(project.hits().await, 0);
}

#[tokio::test]
async fn broken_entries_are_misses() {
    let project = CachedProject::new();
    project.record().await;
    let path = project.entry_file();
    let whole = fs::read(&path).unwrap();
    let text = String::from_utf8(whole.clone()).unwrap();
    for length in (0..whole.len()).step_by(37) {
        fs::write(&path, &whole[..length]).unwrap();
        assert_eq!(project.hits().await, 0, "cut after {length} bytes");
    }
    for (from, to) in [
        ("a/b.css", "a/c.css"),
        ("\"a/b.css\",", ""),
        ("a/b.css", "../../../../../etc/passwd"),
        ("a/b.css", "a/b.css\\u0000"),
        ("\"fingerprint\":\"", "\"fingerprint\":\"0"),
        ("\"fingerprint\":\"", "\"fingerprint\":\"ü"),
        ("\"files\":[", "\"files\":[7,"),
        ("\"at\":", "\"at\":-"),
        ("\"at\":", "\"at\":9"),
        ("\"at\":", "\"when\":"),
        ("{\"passes\":", "[{\"passes\":"),
    ] {
        assert!(text.contains(from), "{from}");
        fs::write(&path, text.replace(from, to)).unwrap();
        assert_eq!(project.hits().await, 0, "{from} → {to}");
    }
    for byte in 0..=255_u8 {
        fs::write(&path, vec![byte; 3000]).unwrap();
        assert_eq!(project.hits().await, 0, "{byte}");
    }
    // Damaged files are rewritten.
    project.tick();
    project.record().await;
    assert_eq!(project.hits().await, 4);
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert_eq!(project.hits().await, 0);
}

#[tokio::test]
async fn entries_expire() {
    let project = CachedProject::new();
    project.record().await;
    let path = project.entry_file();
    let text = fs::read_to_string(&path).unwrap();
    let mut file: serde_json::Value = serde_json::from_str(&text).unwrap();
    for pass in file["passes"].as_object_mut().unwrap().values_mut() {
        let at = pass[0]["at"].as_i64().unwrap();
        pass[0]["at"] = (at - super::entry::TTL_MS).into();
    }
    fs::write(&path, file.to_string()).unwrap();
    assert_eq!(project.hits().await, 0);
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_a_warning() {
    let project = CachedProject::new();
    project.write("cache", "a file where the folder should be");
    let cache = project.open();
    let snapshot = &project.plan()[0];
    cache
        .record_pass(snapshot, CachedProject::pass(snapshot), &loads())
        .unwrap();
    assert_eq!(cache.flush().await.len(), 1);
    assert_eq!(project.hits().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_flushes_keep_all_entries() {
    let project = Arc::new(CachedProject::new());
    let mut tasks = tokio::task::JoinSet::new();
    // As under nextest, where each process has one snapshot.
    for index in 0..4 {
        for _ in 0..8 {
            let project = Arc::clone(&project);
            tasks.spawn(async move {
                let snapshot = &project.plan()[index];
                let cache = project.open();
                cache
                    .record_pass(snapshot, CachedProject::pass(snapshot), &loads())
                    .unwrap();
                cache.flush().await
            });
        }
    }
    while let Some(warnings) = tasks.join_next().await {
        assert_eq!(warnings.unwrap(), Vec::<String>::new());
    }
    assert_eq!(project.hits().await, 4);
}
