//! The cache must never be wrong: each ingredient in turn, and what breaks.

mod bench;

use std::fs;
use std::sync::Arc;

use self::bench::{Bench, MANIFEST, config, loads};
use super::Loads;

#[tokio::test]
async fn a_pass_counts_again() {
    let bench = Bench::new();
    assert_eq!(bench.hits().await, 0);
    bench.record().await;
    let hits = bench.lookup().await;
    for (hit, snapshot) in hits.into_iter().zip(bench.plan()) {
        let hit = hit.expect("every snapshot was recorded");
        assert_eq!(hit.baseline_sha256, Bench::sha256(&snapshot));
        let provenance = hit.provenance.unwrap();
        assert_eq!(provenance.story_identifier, snapshot.identifier);
    }
}

#[tokio::test]
async fn what_decides_nothing_costs_nothing() {
    let mut bench = Bench::new();
    bench.record().await;
    // The same bytes, written anew; a file that no page loads; a comment.
    bench.write("stories/a/b.css", "p { color: red }");
    bench.write("stories/other.css", "p { color: blue }");
    bench.manifest.push_str("# a comment\n");
    assert_eq!(bench.hits().await, 4);
}

/// Something that changes one ingredient of all four snapshots.
type Change = fn(&mut Bench);

const CHANGES: &[(&str, Change)] = &[
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
async fn every_ingredient_counts() {
    for (what, change) in CHANGES {
        let mut bench = Bench::new();
        bench.record().await;
        assert_eq!(bench.hits().await, 4, "before {what}");
        change(&mut bench);
        assert_eq!(bench.hits().await, 0, "{what}");
    }
}

#[tokio::test]
async fn going_to_and_fro_costs_nothing() {
    let bench = Bench::new();
    bench.record().await;
    bench.write("stories/a/b.css", "p { color: blue }");
    bench.tick();
    bench.record().await;
    assert_eq!(bench.hits().await, 4);
    bench.write("stories/a/b.css", "p { color: red }");
    assert_eq!(bench.hits().await, 4);
    bench.write("stories/a/b.css", "p { color: pink }");
    assert_eq!(bench.hits().await, 0);
}

#[tokio::test]
async fn only_the_snapshot_whose_baseline_changes_is_drawn() {
    let bench = Bench::new();
    bench.record().await;
    bench.accept(&bench.plan()[2], 1);
    let hits: Vec<_> = bench.lookup().await.iter().map(Option::is_some).collect();
    assert_eq!(hits, [true, true, false, true]);
}

/// What may happen while pages are looked at: none of it may be remembered.
#[tokio::test]
async fn files_that_change_during_the_run_are_not_remembered() {
    let changes: &[(&str, &str, Change)] = &[
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
        let mut bench = Bench::new();
        let cache = bench.open();
        let snapshot = &bench.plan()[0];
        let mut loads = loads();
        loads
            .files
            .retain(|f| f.trim_start_matches('/') == *file || f == "button.html");
        cache
            .remember(snapshot, &Bench::sha256(snapshot), &loads)
            .unwrap();
        change(&mut bench);
        let warnings = cache.flush().await;
        assert_eq!(warnings.len(), 1, "{what}");
        let reason = "changed during the run";
        assert!(warnings[0].contains(reason), "{what}: {}", warnings[0]);
        assert_eq!(bench.hits().await, 0, "{what}");
    }
}

#[tokio::test]
async fn what_was_not_seen_is_not_remembered() {
    let bench = Bench::new();
    let snapshot = &bench.plan()[0];
    let refusal = |bench: &Bench, loads: Loads| {
        let refused = bench
            .open()
            .remember(snapshot, &Bench::sha256(snapshot), &loads);
        refused.unwrap_err()
    };
    let unseen = Loads {
        unseen: vec!["a service worker".to_owned(), "a socket".to_owned()],
        ..loads()
    };
    let outside = Loads {
        files: vec!["button.html".to_owned(), "a/../../secret".to_owned()],
        ..Loads::default()
    };
    let mut lines = vec![
        refusal(&bench, unseen),
        refusal(&bench, Loads::default()),
        refusal(&bench, outside),
    ];
    for variables in [
        ("TINTYPE_CACHE", "off"),
        ("TINTYPE_CACHE", "read"),
        ("TINTYPE_UPDATE", "all"),
    ] {
        let config = config(&[variables]);
        lines.push(refusal(
            &Bench {
                config,
                ..Bench::new()
            },
            loads(),
        ));
    }
    let elsewhere = MANIFEST.replace("dir = \"stories\"", "url = \"http://127.0.0.1:1\"");
    let grid = format!("[browser]\nwebdriver = \"http://grid:4444\"\n{MANIFEST}");
    for manifest in [elsewhere, grid] {
        lines.push(refusal(
            &Bench {
                manifest,
                ..Bench::new()
            },
            loads(),
        ));
    }
    insta::assert_snapshot!(lines.join("\n"), @r"
    a service worker, a socket
    its page `button.html` is not among what it loaded
    a request to `a/../../secret`, outside of the stories
    TINTYPE_CACHE is `off`
    TINTYPE_CACHE is `read`
    TINTYPE_UPDATE=all wants pictures
    its server is not ours, so nobody knows what it will say
    its browser is that of `webdriver`, which may be another by then
    ");
}

#[tokio::test]
async fn the_settings_decide_who_reads() {
    let mut bench = Bench::new();
    bench.record().await;
    for (variables, hits) in [
        (("TINTYPE_CACHE", "off"), 0),
        (("TINTYPE_CACHE", "read"), 4),
        (("TINTYPE_CACHE", "on"), 4),
        (("TINTYPE_UPDATE", "all"), 0),
        (("TINTYPE_UPDATE", "new"), 4),
    ] {
        bench.config = config(&[variables]);
        assert_eq!(bench.hits().await, hits, "{variables:?}");
    }
    bench.config = config(&[]);
    let here = bench.manifest.clone();
    bench.manifest = format!("[browser]\nwebdriver = \"http://grid:4444\"\n{here}");
    assert_eq!(bench.hits().await, 0);
    bench.manifest = here;
    bench.manifest.push_str("skip = \"not today\"\n");
    assert_eq!(bench.hits().await, 0);
}

#[tokio::test]
async fn broken_entries_are_misses() {
    let bench = Bench::new();
    bench.record().await;
    let path = bench.entries();
    let whole = fs::read(&path).unwrap();
    let text = String::from_utf8(whole.clone()).unwrap();
    for length in (0..whole.len()).step_by(37) {
        fs::write(&path, &whole[..length]).unwrap();
        assert_eq!(bench.hits().await, 0, "cut after {length} bytes");
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
        assert_eq!(bench.hits().await, 0, "{from} → {to}");
    }
    for byte in 0..=255_u8 {
        fs::write(&path, vec![byte; 3000]).unwrap();
        assert_eq!(bench.hits().await, 0, "{byte}");
    }
    // What is broken is written anew.
    bench.tick();
    bench.record().await;
    assert_eq!(bench.hits().await, 4);
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert_eq!(bench.hits().await, 0);
}

#[tokio::test]
async fn entries_expire() {
    let bench = Bench::new();
    bench.record().await;
    let path = bench.entries();
    let text = fs::read_to_string(&path).unwrap();
    let mut file: serde_json::Value = serde_json::from_str(&text).unwrap();
    for pass in file["passes"].as_object_mut().unwrap().values_mut() {
        let at = pass[0]["at"].as_i64().unwrap();
        pass[0]["at"] = (at - super::entry::TTL_MS).into();
    }
    fs::write(&path, file.to_string()).unwrap();
    assert_eq!(bench.hits().await, 0);
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_a_warning() {
    let bench = Bench::new();
    bench.write("cache", "a file where the folder should be");
    let cache = bench.open();
    let snapshot = &bench.plan()[0];
    cache
        .remember(snapshot, &Bench::sha256(snapshot), &loads())
        .unwrap();
    assert_eq!(cache.flush().await.len(), 1);
    assert_eq!(bench.hits().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_lose_nothing() {
    let bench = Arc::new(Bench::new());
    let mut tasks = tokio::task::JoinSet::new();
    // As under nextest: each process has one snapshot to tell of.
    for index in 0..4 {
        for _ in 0..8 {
            let bench = Arc::clone(&bench);
            tasks.spawn(async move {
                let snapshot = &bench.plan()[index];
                let cache = bench.open();
                cache
                    .remember(snapshot, &Bench::sha256(snapshot), &loads())
                    .unwrap();
                cache.flush().await
            });
        }
    }
    while let Some(warnings) = tasks.join_next().await {
        assert_eq!(warnings.unwrap(), Vec::<String>::new());
    }
    assert_eq!(bench.hits().await, 4);
}
