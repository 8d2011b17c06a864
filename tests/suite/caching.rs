//! Unchanged stories need no browser; all others are captured.

use libtest_mimic::Trial;
use tintype::internals::model::Status;

use super::output::assert_output;
use super::project::{MANIFEST, Project};
use super::support::port::free_port;
use super::trials;

pub(crate) fn tests() -> Vec<Trial> {
    trials![
        only_changed_stories_are_captured,
        an_edited_story_is_captured_alone_and_a_shared_stylesheet_captures_all,
        stories_with_unknown_inputs_are_never_cached,
        frames_in_shadow_roots_are_inputs,
    ]
}

/// Two stories of which one uses a stylesheet that imports another.
fn project() -> Project {
    Project::new(
        MANIFEST,
        &[
            (
                "a.html",
                "<!doctype html><link rel=stylesheet href=outer.css><p>a",
            ),
            ("b.html", "<!doctype html><p>b"),
            ("outer.css", "@import 'inner.css';"),
            ("inner.css", "p { color: green }"),
        ],
    )
}

fn cached(project: &Project) -> Vec<bool> {
    let results = project.last().results;
    results.iter().map(|result| result.cached).collect()
}

fn only_changed_stories_are_captured() {
    let project = project();
    project.accept_all();
    assert_eq!(project.run(&[], &[]).code, Some(0));
    assert_eq!(cached(&project), [false, false]);

    let run = project.run(&[], &[]);
    assert_eq!(run.code, Some(0));
    assert_eq!(cached(&project), [true, true]);
    assert_eq!(project.statuses(), [Status::Passed, Status::Passed]);
    assert_output("unchanged_stories", &run.stderr);
    assert_eq!(project.run(&[], &[("TINTYPE_CACHE", "off")]).code, Some(0));
    assert_eq!(cached(&project), [false, false]);

    project.write("stories/inner.css", "p { color: purple }");
    assert_eq!(project.run(&[], &[]).code, Some(101));
    assert_eq!(project.statuses(), [Status::Failed, Status::Passed]);
    assert_eq!(cached(&project), [false, true]);
    // Failures are never cached.
    assert_eq!(project.run(&[], &[]).code, Some(101));
    project.write("stories/inner.css", "p { color: green }");
    assert_eq!(project.run(&[], &[]).code, Some(0));
}

/// Edits that change no pixel, so that every snapshot passes either way.
fn an_edited_story_is_captured_alone_and_a_shared_stylesheet_captures_all() {
    let stories = ["a", "b", "c", "d", "e"];
    let page = |story| format!("<!doctype html><link rel=stylesheet href=/shared.css><p>{story}");
    let manifest = MANIFEST
        .replace(
            "[viewports]",
            "dark = { color-scheme = \"dark\" }\n[viewports]",
        )
        .replace("desktop", "phone = \"200x100\"\ndesktop");
    let project = Project::new(&manifest, &[("shared.css", "p { color: green }")]);
    for story in stories {
        project.write(&format!("stories/{story}.html"), &page(story));
    }
    let captured = || {
        let run = project.run(&[], &[]);
        assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
        let results = project.last().results;
        assert_eq!(results.len(), stories.len() * 4);
        let captured = results.into_iter().filter(|result| {
            assert_eq!(result.cached, result.capture_ms.is_none());
            !result.cached
        });
        let captured: Vec<_> = captured.map(|r| r.story_identifier.story_id).collect();
        captured
    };
    project.accept_all();
    assert_eq!(captured().len(), 20);
    assert_eq!(captured().len(), 0);
    project.write("stories/c.html", &format!("{}<!-- edited -->", page("c")));
    assert_eq!(captured(), ["c"; 4]);
    project.write("stories/shared.css", "p { color: green } /* edited */");
    assert_eq!(captured().len(), 20);
    assert_eq!(captured().len(), 0);
}

fn stories_with_unknown_inputs_are_never_cached() {
    let foreign = format!("127.0.0.1:{}", free_port());
    let asks = format!("<p>asks<script src='http://{foreign}/x.js'></script>");
    let project = Project::new(
        MANIFEST,
        &[
            ("asks.html", &asks),
            ("clock.html", "<p>clock<script>Date.now()</script>"),
            (
                "dated.html",
                "<p>dated<script>new Intl.DateTimeFormat().format(0)</script>",
            ),
            (
                "forgets.html",
                "<p>forgets<script>performance.clearResourceTimings()</script>",
            ),
            (
                "formats.html",
                "<p>formats<script>new Intl.DateTimeFormat().format()</script>",
            ),
            (
                "parts.html",
                "<p>parts<script>new Intl.DateTimeFormat().formatToParts()</script>",
            ),
            ("plain.html", "<p>plain"),
            (
                "short.html",
                "<p>short<script>performance.setResourceTimingBufferSize(1)</script>",
            ),
            (
                "socket.html",
                "<p>socket<script>new WebSocket('ws://127.0.0.1:1/')</script>",
            ),
            (
                "temporal.html",
                "<p>temporal<script>Temporal.Now.plainDateISO()</script>",
            ),
        ],
    );
    project.accept_all();
    assert_eq!(project.run(&[], &[]).code, Some(0));
    let run = project.run(&[], &[]);
    let results = project.last().results;
    let cached = results.iter().filter(|result| result.cached);
    let cached: Vec<_> = cached
        .map(|result| result.story_identifier.test_name())
        .collect();
    // The clock is virtual, so that reading it does not matter.
    let known = ["clock", "dated", "formats", "parts", "plain", "temporal"];
    assert_eq!(
        cached,
        known.map(|story| format!("{story}::light::400x300"))
    );
    let told = format!("not cached: a request to http://{foreign}/x.js (asks)");
    assert!(run.stderr.contains(&told), "{}", run.stderr);
}

/// A frame that no list of the document's names, late and in a closed root.
fn frames_in_shadow_roots_are_inputs() {
    let page = "<!doctype html><style>body { margin: 0 }</style><x-frame></x-frame><script>
        document.querySelector('x-frame').attachShadow({ mode: 'closed' }).innerHTML =
          '<iframe src=inner.html style=\"border: 0; width: 100px; height: 100px\"></iframe>';</script>";
    let inner = "<!doctype html><style>body { margin: 0 }</style><script>
        document.documentElement.dataset.tintypeReady = 'false';
        setTimeout(() => {
          document.body.style.background = 'lime';
          document.documentElement.dataset.tintypeReady = 'true';
        }, 400)</script><body>";
    let manifest = format!("{MANIFEST}[[story]]\npath = \"a.html\"\n");
    let project = Project::new(&manifest, &[("a.html", page), ("inner.html", inner)]);
    project.accept_all();
    let picture = image::load_from_memory(&project.read("baselines/a-light-400x300.png"));
    assert_eq!(picture.unwrap().to_rgb8().get_pixel(50, 50).0, [0, 255, 0]);
    for known in [false, true] {
        assert_eq!(project.run(&[], &[]).code, Some(0));
        assert_eq!(cached(&project), [known]);
    }
    project.write("stories/inner.html", &inner.replace("lime", "red"));
    assert_eq!(project.run(&[], &[]).code, Some(101));
}
