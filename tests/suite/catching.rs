//! Unintended changes fail, with their region.

use std::fs;

use libtest_mimic::Trial;
use tintype::compare::Region;
use tintype::internals::baseline;
use tintype::internals::model::Status;

use super::output::assert_output;
use super::project::{MANIFEST, Project};
use super::trials;

pub(crate) fn tests() -> Vec<Trial> {
    trials![
        one_changed_css_property_fails_with_its_region,
        swapped_themes_fail,
        swapped_viewports_fail,
        a_difference_within_tolerance_passes_and_is_reported,
        a_failure_names_the_other_environment_of_its_baseline,
        a_scale_multiplies_device_pixels,
        full_pages_and_elements_are_captured,
        masks_padding_and_tiles_are_exact_on_tall_pages,
        masks_cover_the_laid_out_page => masks_of_whole_pages("chromium"),
        a_page_too_large_to_compare_is_refused,
        a_damaged_baseline_fails_and_can_be_replaced,
    ]
}

const THEMES: &str = r#"
[stories]
dir = "stories"

[themes]
light = { color-scheme = "light" }
dark = { color-scheme = "dark" }
loud = { attributes = { data-theme = "loud" }, classes = ["big"] }
asked = { query = { theme = "asked" } }

[viewports]
phone = "320x480"
desktop = "640x480"
"#;

/// Shows its theme, however the page receives it.
const THEMED: &str = r#"<!doctype html>
<style>
  body { background: white; color: black; font: 20px monospace }
  @media (prefers-color-scheme: dark) { body { background: black; color: white } }
  [data-theme="loud"] body { background: red }
  .big body { font-size: 60px }
  .asked { background: blue }
</style>
<body>theme<script>
  if (new URLSearchParams(location.search).get('theme') === 'asked') document.body.className = 'asked';
</script>"#;

/// Two boxes at known places.
fn boxes(colour: &str) -> String {
    format!(
        "<!doctype html><style>body {{ margin: 0 }} div {{ position: absolute }}</style>
         <div style='left:10px; top:20px; width:100px; height:50px; background:#336699'></div>
         <div style='left:200px; top:150px; width:60px; height:40px; background:{colour}'></div>"
    )
}

fn one_changed_css_property_fails_with_its_region() {
    let project = Project::new(MANIFEST, &[("a.html", &boxes("green"))]);
    project.accept_all();
    project.write("stories/a.html", &boxes("purple"));
    let run = project.run(&[], &[]);
    assert_eq!(run.code, Some(101));

    let result = project.result("a::light::400x300");
    assert_eq!(result.status, Status::Failed);
    let region = Region {
        x: 200,
        y: 150,
        width: 60,
        height: 40,
    };
    assert_eq!(result.regions, [region]);
    assert_eq!(result.diff_ratio, Some(2400.0 / 120_000.0));
    assert_output("difference", &run.stdout);
    for path in [result.current, result.diff] {
        assert!(project.read(&path.unwrap()).starts_with(b"\x89PNG"));
    }
    assert_output("difference_summary", &run.stderr);
}

fn swapped_themes_fail() {
    let project = Project::new(THEMES, &[("a.html", THEMED)]);
    project.accept_all();
    let themes = ["light", "dark", "loud", "asked"];
    for theme in themes {
        let other = themes.iter().find(|&&other| other != theme).unwrap();
        let file = |theme: &str| format!("baselines/a-{theme}-320x480.png");
        assert_ne!(project.read(&file(theme)), project.read(&file(other)));
    }
    assert_eq!(project.run(&[], &[]).code, Some(0));
    swap(&project, "a-light-320x480", "a-dark-320x480");
    assert_eq!(project.run(&[], &[]).code, Some(101));
    for (name, status) in [
        ("a::light::320x480", Status::Failed),
        ("a::dark::320x480", Status::Failed),
        ("a::loud::320x480", Status::Passed),
        ("a::asked::320x480", Status::Passed),
        ("a::light::640x480", Status::Passed),
    ] {
        assert_eq!(project.result(name).status, status, "{name}");
    }
}

fn swapped_viewports_fail() {
    let project = Project::new(THEMES, &[("a.html", THEMED)]);
    project.accept_all();
    swap(&project, "a-dark-320x480", "a-dark-640x480");
    let run = project.run(&["dark"], &[]);
    assert_eq!(run.code, Some(101));
    let message = project.result("a::dark::320x480").message.unwrap();
    assert_output("size_mismatch", &message);
    assert!(project.result("a::dark::320x480").diff.is_some());
}

fn swap(project: &Project, one: &str, other: &str) {
    let file = |stem: &str| project.path().join(format!("baselines/{stem}.png"));
    fs::rename(file(one), file("between")).unwrap();
    fs::rename(file(other), file(one)).unwrap();
    fs::rename(file("between"), file(other)).unwrap();
}

fn a_difference_within_tolerance_passes_and_is_reported() {
    let manifest = format!("{MANIFEST}[compare]\nmax-diff-pixels = 2400\n");
    let project = Project::new(&manifest, &[("a.html", &boxes("green"))]);
    project.accept_all();
    project.write("stories/a.html", &boxes("purple"));
    let run = project.run(&[], &[]);
    assert_eq!(run.code, Some(0), "{}", run.stdout);
    assert_output("changed_within_tolerance", &run.stderr);
    assert_eq!(project.statuses(), [Status::Changed]);
}

fn a_failure_names_the_other_environment_of_its_baseline() {
    let project = Project::new(MANIFEST, &[("a.html", &boxes("green"))]);
    project.accept_all();
    let file = project.path().join("baselines/a-light-400x300.png");
    let baseline = baseline::read(project.path(), &file).unwrap().unwrap();
    let mut provenance = baseline.provenance.unwrap();
    provenance.environment.browser = Some("chromium 99.0.1".to_owned());
    provenance.environment.arch = "aarch64".to_owned();
    baseline::accept(project.path(), &file, &baseline.bytes, &provenance).unwrap();
    assert_eq!(
        project.run(&[], &[]).code,
        Some(0),
        "pixels decide, not machines"
    );

    project.write("stories/a.html", &boxes("purple"));
    let run = project.run(&[], &[]);
    assert_eq!(run.code, Some(101));
    assert_output("other_environment", &run.stdout);
    let changed = project.result("a::light::400x300").environment_changed;
    assert_eq!(changed.len(), 2);
}

fn full_pages_and_elements_are_captured() {
    let tall = "<!doctype html><style>body { margin: 0 } p { margin: 0; height: 900px; background: linear-gradient(red, blue) }
        #box { position: absolute; left: 30px; top: 700px; width: 120px; height: 80px; background: lime }</style><p></p><div id=box></div>";
    let manifest = r##"
[stories]
dir = "stories"
[viewports]
desktop = "400x300"
[[story]]
id = "viewport"
path = "a.html"
[[story]]
id = "page"
path = "a.html"
capture = { target = "page" }
[[story]]
id = "element"
path = "a.html"
capture = { target = { element = "#box" } }
[[story]]
id = "nothing"
path = "a.html"
capture = { target = { element = "#absent" } }
"##;
    let project = Project::new(manifest, &[("a.html", tall)]);
    let run = project.run(&[], &[("TINTYPE_UPDATE", "new")]);
    assert_eq!(run.code, Some(101));
    let failed = project.last().results;
    let failed = failed.iter().find(|result| result.status == Status::Failed);
    assert_output(
        "missing_element",
        failed.unwrap().message.as_deref().unwrap(),
    );
    let picture = |story: &str| {
        let theme = project.last().results[0].theme.clone();
        image::load_from_memory(&project.read(&format!("baselines/{story}-{theme}-400x300.png")))
            .unwrap()
            .to_rgb8()
    };
    assert_eq!(picture("viewport").dimensions(), (400, 300));
    assert_eq!(picture("page").dimensions(), (400, 900));
    let element = picture("element");
    assert_eq!(element.dimensions(), (120, 80));
    assert!(element.pixels().all(|pixel| pixel.0 == [0, 255, 0]));
}

fn masks_padding_and_tiles_are_exact_on_tall_pages() {
    let tall = "<!doctype html><style>body { margin: 0 } p { margin: 0; height: 50px }</style><body><script>
        for (let n = 0; n < 400; n += 1) {
          const p = document.createElement('p'); p.style.background = `rgb(${n % 256}, ${n >> 8}, 99)`; document.body.append(p);
        }</script>";
    let masked = "<!doctype html><style>body { margin: 0; background: white } i { position: absolute; left: 50px; top: 60px; width: 70px; height: 80px; background: lime } #t { position: absolute; left: 52px; top: 62px; width: 10px; height: 10px }</style><i></i><b id=t></b><script>t.style.background = `rgb(${Math.random() * 256}, 0, 0)`</script>";
    let manifest = r##"
[stories]
dir = "stories"
[themes]
light = { color-scheme = "light" }
[viewports]
desktop = "400x300"
[[story]]
id = "tall"
path = "tall.html"
capture = { target = "page" }
[[story]]
id = "masked"
path = "masked.html"
capture = { target = { element = "i" }, padding = 10, mask = ["#t"] }
"##;
    let project = Project::new(manifest, &[("tall.html", tall), ("masked.html", masked)]);
    project.accept_all();
    let picture = |story: &str| {
        let file = project.read(&format!("baselines/{story}-light-400x300.png"));
        image::load_from_memory(&file).unwrap().to_rgb8()
    };
    let tall = picture("tall");
    assert_eq!(tall.dimensions(), (400, 20_000));
    for (n, row) in (0..400_u32).zip((0..20_000_u32).step_by(50)) {
        let colour = [(n % 256) as u8, (n >> 8) as u8, 99];
        assert_eq!(tall.get_pixel(200, row).0, colour, "top of stripe {n}");
        assert_eq!(
            tall.get_pixel(200, row + 49).0,
            colour,
            "bottom of stripe {n}"
        );
    }
    let masked = picture("masked");
    assert_eq!(masked.dimensions(), (90, 100));
    assert_eq!(masked.get_pixel(5, 5).0, [255; 3], "padding");
    assert_eq!(masked.get_pixel(15, 15).0, [255, 0, 255], "mask");
    assert_eq!(masked.get_pixel(40, 40).0, [0, 255, 0], "element");
    assert_eq!(project.run(&[], &[]).code, Some(0));
}

/// An element fixed to the lower edge of the viewport moves once the viewport is
/// as tall as the page.
pub(crate) fn masks_of_whole_pages(engine: &str) {
    let page = "<!doctype html><style>body { margin: 0; background: white } p { margin: 0; height: 700px }
        #bar { position: fixed; bottom: 0; left: 0; width: 100px; height: 20px; background: lime }</style><p></p><b id=bar></b>";
    let manifest = format!(
        r##"{MANIFEST}
[browser]
names = ["{engine}"]
[capture]
mask = ["#bar"]
[[story]]
id = "page"
path = "a.html"
capture = {{ target = "page" }}
[[story]]
id = "element"
path = "a.html"
capture = {{ target = {{ element = "#bar" }} }}
[[story]]
id = "nothing"
path = "a.html"
capture = {{ target = {{ element = "#absent" }} }}
[[story]]
id = "viewport"
path = "a.html"
"##
    );
    let project = Project::new(&manifest, &[("a.html", page)]);
    let run = project.run(&[], &[("TINTYPE_UPDATE", "new")]);
    assert_eq!(run.code, Some(101), "{}", run.stdout);
    let told = "no element matches `#absent`";
    assert!(run.stdout.contains(told), "{}", run.stdout);
    let colours = |story: &str, places: [(u32, u32); 2]| {
        let file = project.read(&format!("baselines/{story}-light-400x300.png"));
        let picture = image::load_from_memory(&file).unwrap().to_rgb8();
        (
            picture.dimensions(),
            places.map(|(x, y)| picture.get_pixel(x, y).0),
        )
    };
    let (white, cover) = ([255; 3], [255, 0, 255]);
    // WebKit draws nothing beyond the viewport, which is as high as the page there.
    let bar = if engine == "webkit" { 690 } else { 290 };
    let page = colours("page", [(50, bar), (50, 980 - bar)]);
    assert_eq!(page, ((400, 700), [cover, white]));
    let element = colours("element", [(0, 0), (99, 19)]);
    assert_eq!(element, ((100, 20), [cover, cover]));
    let viewport = colours("viewport", [(50, 270), (50, 290)]);
    assert_eq!(viewport, ((400, 300), [white, cover]));
}

fn a_page_too_large_to_compare_is_refused() {
    let manifest = format!(
        r##"{MANIFEST}
[[story]]
id = "page"
path = "a.html"
capture = {{ target = "page" }}
[[story]]
id = "element"
path = "a.html"
scale = 2
capture = {{ target = {{ element = "p" }}, padding = 3 }}
"##
    );
    let tall =
        "<!doctype html><style>body { margin: 0 } p { margin: 0; height: 400000px }</style><p>";
    let project = Project::new(&manifest, &[("a.html", tall)]);
    assert_eq!(project.run(&[], &[]).code, Some(101));
    for (name, told) in [
        (
            "page::light::400x300",
            "the page would have 400×400000 pixels",
        ),
        (
            "element@2x::light::400x300",
            "`p` would have 806×800000 pixels",
        ),
    ] {
        let message = project.result(name).message.unwrap();
        assert!(message.contains(told), "{message}");
    }
}

fn a_scale_multiplies_device_pixels() {
    let page = "<!doctype html><style>body { margin: 0; background: red } @media (resolution: 2dppx) { body { background: blue } }</style>";
    let manifest = "[stories]\ndir = \"stories\"\n[themes]\nlight = { color-scheme = \"light\" }\n[viewports]\nplain = \"320x240\"\nfine = \"320x240@2x\"\n";
    let project = Project::new(manifest, &[("a.html", page)]);
    project.accept_all();
    let picture = |stem: &str| {
        let file = project.read(&format!("baselines/{stem}.png"));
        image::load_from_memory(&file).unwrap().to_rgb8()
    };
    let (plain, fine) = (picture("a-light-320x240"), picture("a@2x-light-320x240"));
    assert_eq!(
        (plain.dimensions(), plain.get_pixel(9, 9).0),
        ((320, 240), [255, 0, 0])
    );
    assert_eq!(
        (fine.dimensions(), fine.get_pixel(9, 9).0),
        ((640, 480), [0, 0, 255])
    );
    assert_eq!(project.result("a@2x::light::320x240").scale, Some(2.0));
}

fn a_damaged_baseline_fails_and_can_be_replaced() {
    let project = Project::new(MANIFEST, &[("a.html", "<p>a"), ("b.html", "<p>b")]);
    project.accept_all();
    project.write("baselines/a-light-400x300.png", "this is no picture");
    let run = project.run(&[], &[]);
    assert_eq!(run.code, Some(101));
    let damaged = project.result("a::light::400x300");
    let message = damaged.message.as_ref().unwrap();
    assert_output("damaged_baseline", message);
    assert!(damaged.needs_decision(), "{damaged:?}");
    assert_eq!(project.result("b::light::400x300").status, Status::Passed);
    let run = project.run(&[], &[("TINTYPE_UPDATE", "failed")]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    assert_eq!(project.run(&[], &[]).code, Some(0));
}
