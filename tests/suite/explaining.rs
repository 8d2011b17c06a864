//! Layout digests, and explanations of differences by them.

use base64::Engine as _;
use libtest_mimic::Trial;
use tintype::compare::Options;
use tintype::internals::baseline::{self, split_digest};
use tintype::internals::explain::{DigestedImages, verify_causes};
use tintype::internals::model::{Cause, CauseKind, Explanation, Status};

use super::project::{MANIFEST, Project};
use super::trials;

pub(crate) fn tests() -> Vec<Trial> {
    trials![
        a_baseline_has_a_digest_unless_it_is_off,
        a_baseline_without_digest_gets_one_when_all_are_updated,
        chromium_names_every_change => every_change("chromium"),
        firefox_names_every_change => every_change("firefox"),
        webkit_names_every_change => every_change("webkit"),
        what_the_digest_lacks_is_unknown,
        a_tolerated_difference_is_explained_and_tolerated,
        a_hidden_second_change_is_not_accepted_with_the_first,
        chromium_places_rules_in_files_and_sources,
        a_token_of_both_colour_schemes_is_one_cause,
    ]
}

const PAGE: &str = "<!doctype html><title>a</title><h1>Hello</h1>";
const OFF: &str = "[explain]\ndigest = \"off\"\n";

fn digest(project: &Project) -> Option<Vec<u8>> {
    let file = project.path().join("baselines/a-light-400x300.png");
    let baseline = baseline::read(project.path(), &file).unwrap().unwrap();
    baseline.digest
}

fn a_baseline_has_a_digest_unless_it_is_off() {
    let project = Project::new(MANIFEST, &[("a.html", PAGE)]);
    project.accept_all();
    assert!(digest(&project).is_some_and(|digest| digest.len() < 4_000));
    let before = project.read("baselines/a-light-400x300.png");
    // A second acceptance of the same page writes the same bytes.
    assert_eq!(project.run(&[], &[("TINTYPE_UPDATE", "all")]).code, Some(0));
    assert_eq!(project.read("baselines/a-light-400x300.png"), before);

    let project = Project::new(&format!("{MANIFEST}{OFF}"), &[("a.html", PAGE)]);
    project.accept_all();
    assert_eq!(digest(&project), None);
}

fn a_baseline_without_digest_gets_one_when_all_are_updated() {
    let project = Project::new(&format!("{MANIFEST}{OFF}"), &[("a.html", PAGE)]);
    project.accept_all();
    project.write("stories.toml", MANIFEST);
    // The digest is no part of the verdict.
    assert_eq!(project.run(&[], &[]).code, Some(0));
    assert_eq!(project.statuses(), [Status::Passed]);
    assert_eq!(digest(&project), None);
    assert_eq!(project.run(&[], &[("TINTYPE_UPDATE", "all")]).code, Some(0));
    assert_eq!(project.statuses(), [Status::Passed]);
    assert!(digest(&project).is_some());
}

/// Kind, selector and property of a cause.
type Named = (CauseKind, &'static str, &'static str);

/// A story, the piece of text of its page that is replaced, by what, and the cause.
const CHANGES: [(&str, &str, &str, Named); 10] = [
    (
        "property",
        "background: #3b5bdb",
        "background: #4263eb",
        (CauseKind::Style, ".btn", "background-color"),
    ),
    (
        "token",
        "--line: #adb5bd",
        "--line: #868e96",
        (CauseKind::Style, ":root", "--line"),
    ),
    (
        "pseudo",
        "background: #ffd43b",
        "background: #fab005",
        (CauseKind::Style, ".dot::before", "background-color"),
    ),
    (
        "open",
        "background: #96f2d7",
        "background: #63e6be",
        (CauseKind::Style, ".open", "background-color"),
    ),
    (
        "closed",
        "background: #eebefa",
        "background: #da77f2",
        (CauseKind::Style, ".closed", "background-color"),
    ),
    (
        "frame",
        "background: #ffc9c9",
        "background: #ff8787",
        (CauseKind::Style, ".framed", "background-color"),
    ),
    (
        "inherited",
        "color: #111111",
        "color: #555555",
        (CauseKind::Style, "body", "color"),
    ),
    ("text", "Ready", "Done", (CauseKind::Text, ".state", "")),
    (
        "removed",
        "<div class='first'></div>",
        "",
        (CauseKind::Removed, ".first", ""),
    ),
    (
        "class",
        "<div class='second'>",
        "<div class='second on'>",
        (CauseKind::Attribute, ".second.on", "class"),
    ),
];

/// A page of boxes in every kind of tree.
const TREES: &str = "<!doctype html><meta charset='utf-8'><style>
:root { --line: #adb5bd }
body { margin: 8px; font: 12px monospace; color: #111111 }
.btn { width: 60px; height: 20px; background: #3b5bdb }
.line { height: 3px; background: var(--line) }
.dot::before { content: ''; display: block; width: 9px; height: 9px; background: #ffd43b }
.first { height: 10px; background: #e9ecef }
.second { height: 10px; background: #dee2e6 }
.second.on { background: #228be6 }
iframe { display: block; width: 80px; height: 20px; border: 0 }
</style>
<div class='first'></div><div class='second'></div><div class='btn'></div><div class='line'></div>
<div class='dot'></div><x-open></x-open><x-closed></x-closed>
<iframe srcdoc=\"<style>body{margin:0}.framed{height:20px;background: #ffc9c9}</style><div class='framed'></div>\"></iframe>
<p class='state'>Ready</p><p>Another line</p>
<script>
const attach = (name, mode, style) => {
  const root = document.querySelector(`x-${mode}`).attachShadow({ mode });
  root.innerHTML = `<div class='${mode}' style='height:9px;${style}'></div>`;
};
attach('x-open', 'open', 'background: #96f2d7');
attach('x-closed', 'closed', 'background: #eebefa');
</script>";

/// The explanation of a story of a project, which must have failed.
fn explanation(project: &Project, story: &str) -> Explanation {
    let result = project.result(&format!("{story}::light::400x300"));
    assert_eq!(result.status, Status::Failed, "{story}");
    result
        .explanation
        .unwrap_or_else(|| panic!("{story} has no explanation"))
}

/// Each change is the only cause, and explains every pixel: also of what it
/// pushes and of what inherits it.
fn every_change(engine: &str) {
    let manifest = format!("{MANIFEST}[browser]\nnames = [\"{engine}\"]\n");
    let files = CHANGES.map(|(story, ..)| (format!("{story}.html"), TREES));
    let files = files.each_ref().map(|(file, text)| (&**file, *text));
    let project = Project::new(&manifest, &files);
    project.accept_all();
    for (story, old, new, _) in CHANGES {
        assert_eq!(TREES.matches(old).count(), 1, "{old}");
        project.write(&format!("stories/{story}.html"), &TREES.replace(old, new));
    }
    let run = project.run(&[], &[]);
    assert_eq!(run.code, Some(101), "{}", run.stdout);
    for (story, _, _, (kind, selector, property)) in CHANGES {
        let found = explanation(&project, story);
        let causes: Vec<_> = found
            .causes
            .iter()
            .map(|cause| {
                let property = cause.property.as_deref().unwrap_or_default();
                (
                    cause.kind,
                    cause.selector.as_deref().unwrap_or_default(),
                    property,
                )
            })
            .collect();
        assert_eq!(causes, [(kind, selector, property)], "{story} in {engine}");
        assert!(
            found.explained_ratio > 0.99,
            "{story} in {engine}: {found:?}"
        );
    }
}

fn what_the_digest_lacks_is_unknown() {
    let page = |colour| {
        format!(
            "<!doctype html><style>p::first-letter {{ background: {colour} }}</style><p>Hello</p>"
        )
    };
    let project = Project::new(MANIFEST, &[("a.html", &page("#ffffff"))]);
    project.accept_all();
    project.write("stories/a.html", &page("#ff0000"));
    let run = project.run(&[], &[]);
    let found = explanation(&project, "a");
    assert_eq!(found.explained_ratio, 0.0);
    let kinds: Vec<_> = found.causes.iter().map(|cause| cause.kind).collect();
    assert_eq!(kinds, [CauseKind::Unknown]);
    let said = "cause:    unknown for 100 % of the differing pixels";
    assert!(run.stdout.contains(said), "{}", run.stdout);
}

fn box_of(colour: &str) -> String {
    format!(
        "<!doctype html><body style='margin: 8px'>\
         <div class='box' style='width: 50px; height: 20px; background: {colour}'></div>"
    )
}

fn a_tolerated_difference_is_explained_and_tolerated() {
    let manifest = format!("{MANIFEST}[compare]\nmax-diff-pixels = 5000\n");
    let project = Project::new(&manifest, &[("a.html", &box_of("#ff0000"))]);
    project.accept_all();
    project.write("stories/a.html", &box_of("#00ff00"));
    assert_eq!(project.run(&[], &[]).code, Some(0));
    let result = project.result("a::light::400x300");
    assert_eq!(result.status, Status::Changed);
    let causes = result.explanation.unwrap().causes;
    assert_eq!(
        causes[0].describe(),
        "`.box` background-color #ff0000 → #00ff00"
    );
    assert_eq!(
        (causes.len(), causes[0].pixels, causes[0].elements),
        (1, 1000, 1)
    );
}

/// The second change is told as a cause, covered by the first one, or shows in
/// pixels that do not look as the first one makes them look.
fn a_hidden_second_change_is_not_accepted_with_the_first() {
    let page = |colour: &str, badge: &str, picture: &str| {
        format!(
            "<!doctype html><meta charset='utf-8'><style>:root {{ --brand: {colour} }}
            body {{ margin: 8px; font: 12px monospace }}
            .card {{ padding: 6px; background: var(--brand) }}</style>
            <div class='card'><b class='badge'>{badge}</b>
            <canvas width='40' height='20'></canvas></div>
            <script>const c = document.querySelector('canvas').getContext('2d');
            c.fillStyle = '{picture}'; c.fillRect(5, 5, 10, 10);</script>"
        )
    };
    let (old, new) = ("#3b5bdb", "#4263eb");
    let stories = [
        ("plain", page(new, "New", "#ffffff"), true),
        ("badge", page(new, "", "#ffffff"), false),
        ("canvas", page(new, "New", "#ffff00"), false),
    ];
    let before = page(old, "New", "#ffffff");
    let files = stories
        .each_ref()
        .map(|(story, ..)| format!("{story}.html"));
    let files = files.each_ref().map(|file| (&**file, &*before));
    let project = Project::new(MANIFEST, &files);
    project.accept_all();
    for (story, text, _) in &stories {
        project.write(&format!("stories/{story}.html"), text);
    }
    assert_eq!(project.run(&[], &[]).code, Some(101));
    let brand = explanation(&project, "plain").causes[0].id.clone();
    for (story, _, is_accepted) in stories {
        let result = project.result(&format!("{story}::light::400x300"));
        let file = project.path().join(result.baseline.unwrap());
        let baseline = baseline::read(project.path(), &file).unwrap().unwrap();
        let (current, digest) = split_digest(&project.read(&result.current.unwrap())).unwrap();
        let captures = DigestedImages {
            images: [&baseline.bytes, &current],
            digests: [baseline.digest.as_deref(), digest.as_deref()],
        };
        let explanation = result.explanation.unwrap();
        assert!(
            explanation.causes.iter().any(|cause| cause.id == brand),
            "{story}"
        );
        let accepted = [brand.clone()];
        let verified = verify_causes(Some(&explanation), &accepted, &captures, &Options::exact());
        assert_eq!(verified.is_ok(), is_accepted, "{story}: {verified:?}");
    }
}

/// Whatever follows from a custom property of both schemes is one cause in all
/// themes and stories.
fn a_token_of_both_colour_schemes_is_one_cause() {
    let page = |brand: &str, inner: &str| {
        format!(
            "<!doctype html><meta charset='utf-8'><style>
            :root {{ color-scheme: light dark; --brand: {brand} }}
            .card {{ width: 60px; height: 20px; background: var(--brand) }}
            .rule {{ width: 60px; height: 20px; border-bottom: 3px solid var(--brand) }}
            </style>{inner}"
        )
    };
    let (old, new) = (
        "light-dark(#93421a, #e89c66)",
        "light-dark(#2255cc, #77aaff)",
    );
    let stories = [
        ("card", "<div class='card'></div>"),
        ("rule", "<div class='rule'></div><p class='card'></p>"),
    ];
    let manifest = MANIFEST.replace(
        "[viewports]",
        "dark = { color-scheme = \"dark\" }\n[viewports]",
    );
    let project = Project::new(&manifest, &[]);
    for (brand, code) in [(old, 0), (new, 101)] {
        for (story, inner) in stories {
            project.write(&format!("stories/{story}.html"), &page(brand, inner));
        }
        let run = project.run(&[], &[("TINTYPE_UPDATE", "new")]);
        assert_eq!(run.code, Some(code), "{}{}", run.stdout, run.stderr);
    }
    let causes: Vec<_> = project
        .last()
        .results
        .iter()
        .flat_map(|result| result.explanation.clone().unwrap().causes)
        .map(|cause| (cause.id, cause.property))
        .collect();
    assert_eq!(causes.len(), 4, "{causes:?}");
    assert_eq!(causes[0].1.as_deref(), Some("--brand"));
    assert!(causes.iter().all(|cause| *cause == causes[0]), "{causes:?}");
}

/// A source map in which the start of the sheet is line 5, column 3 of this source.
fn source_map(source: &str) -> String {
    format!(r#"{{"version":3,"sources":["{source}"],"names":[],"mappings":"AAIE"}}"#)
}

/// A page with a box of this class, and something in its head.
fn page_with(class: &str, head: &str) -> String {
    format!(
        "<!doctype html><meta charset='utf-8'>\n{head}\n\
         <div style='width: 60px; height: 20px' class='{class}'></div>"
    )
}

/// The file that changes, its text but for the colour, and the place of the rule.
fn chromium_places_rules_in_files_and_sources() {
    let map = base64::engine::general_purpose::STANDARD
        .encode(source_map("webpack://app/./src/late.scss"));
    let late = format!(
        "<script>const sheet = document.createElement('style');
        sheet.textContent = `.late {{ background: COLOUR }}
        /*# sourceMappingURL=data:application/json;base64,${{'{map}'}} */`;
        document.head.append(sheet);</script>"
    );
    let linked = |name: &str| {
        page_with(
            name,
            &format!("<link rel='stylesheet' href='css/{name}.css?v=1'>"),
        )
    };
    let (twice, built) = (linked("twice"), linked("built"));
    let inline = page_with(
        "inline",
        "<style>.inline { outline: 0 }\n  .inline { background: COLOUR }</style>",
    );
    let nested = page_with(
        "entry",
        "<style>\nbody { .entry { background: COLOUR } }</style>",
    );
    let late = page_with("late", &late);
    let map = source_map("../src/built.scss");
    let cases = [
        (
            "twice",
            "css/twice.css",
            ".twice { outline: 0 }\n\n  .twice {\n background: COLOUR }",
            ".twice",
            "css/twice.css",
            Some((3, 3)),
        ),
        (
            "built",
            "css/built.css",
            ".built { background: COLOUR }\n/*# sourceMappingURL=built.css.map */",
            ".built",
            "src/built.scss",
            Some((5, 3)),
        ),
        (
            "inline",
            "inline.html",
            &*inline,
            ".inline",
            "inline.html",
            Some((3, 3)),
        ),
        (
            "nested",
            "nested.html",
            &*nested,
            "body .entry",
            "nested.html",
            Some((3, 8)),
        ),
        (
            "late",
            "late.html",
            &*late,
            ".late",
            "src/late.scss",
            Some((5, 3)),
        ),
    ];
    let project = Project::new(
        MANIFEST,
        &[
            ("twice.html", &twice),
            ("built.html", &built),
            ("css/built.css.map", &map),
        ],
    );
    let write = |colour: &str| {
        for (_, file, text, ..) in cases {
            project.write(&format!("stories/{file}"), &text.replace("COLOUR", colour));
        }
    };
    write("#3b5bdb");
    project.accept_all();
    write("#4263eb");
    assert_eq!(project.run(&[], &[]).code, Some(101));
    for (story, _, _, selector, file, place) in cases {
        let causes = explanation(&project, story).causes;
        let [cause] = &causes[..] else {
            panic!("{story}: {causes:?}")
        };
        assert_eq!(cause.selector.as_deref(), Some(selector), "{story}");
        let source = cause.source.as_ref().unwrap();
        let found = source.line.zip(source.column);
        assert_eq!((&*source.file, found), (file, place), "{story}");
        // The id is the same wherever the rule is.
        let text = |text: &str| Some(text.to_owned());
        let same = Cause::new(
            CauseKind::Style,
            text(selector),
            text("background-color"),
            text("rgb(59, 91, 219)"),
            text("rgb(66, 99, 235)"),
        );
        assert_eq!(cause.id, same.id, "{story}");
    }
}
