//! Device emulation.

use libtest_mimic::Trial;
use tintype::internals::model::Status;

use super::project::Project;
use super::trials;

pub(crate) fn tests() -> Vec<Trial> {
    trials![
        device_settings_apply_and_are_reset,
        supported_device_settings_apply_in_firefox,
        devices_do_not_share_a_page,
        an_unsupported_device_setting_is_reported,
    ]
}

/// One box per fact that a page can query, lime if it holds.
const PAGE: &str = r#"<!doctype html><meta charset=utf-8>
<meta name=viewport content="width=500">
<style>body { margin: 0; background: white } i { position: absolute; top: 0; width: 20px; height: 20px; background: red } .is { background: lime }</style>
<script>
  const media = (query) => matchMedia(query).matches;
  const facts = [
    navigator.userAgent === 'a telephone',
    navigator.language === 'de-AT' && new Date(0).toLocaleDateString() === '1.1.1970',
    Intl.DateTimeFormat().resolvedOptions().timeZone === 'Asia/Tokyo' && new Date(0).getHours() === 9,
    media('(prefers-reduced-motion: reduce)'),
    media('(forced-colors: active)'),
    media('(prefers-contrast: more)'),
    media('print'),
    navigator.maxTouchPoints > 0 && media('(pointer: coarse)'),
    document.documentElement.clientWidth === 500,
  ];
  addEventListener('load', () => facts.forEach((is, n) => {
    const box = document.createElement('i');
    box.style.cssText = `left: ${n * 30}px; forced-color-adjust: none`;
    if (is) box.className = 'is';
    document.body.append(box);
  }));
</script>"#;

/// The indices of a story's lime boxes.
fn facts(project: &Project, stem: &str) -> Vec<u32> {
    let file = project.read(&format!("baselines/{stem}.png"));
    let picture = image::load_from_memory(&file).unwrap().to_rgb8();
    // A mobile page of 500 pixels on 400 is shown smaller.
    let scale = if stem.contains("400x301") { 0.8 } else { 1.0 };
    let at = |n: u32| (f64::from(n * 30 + 10) * scale) as u32;
    let is = |n: &u32| picture.get_pixel(at(*n), 5).0 == [0, 255, 0];
    (0..9).filter(is).collect()
}

fn device_settings_apply_and_are_reset() {
    let manifest = r#"
[stories]
dir = "stories"
[browser]
sessions = 1
[themes]
light = { color-scheme = "light" }
strong = { color-scheme = "light", contrast = "more", forced-colors = true }
[viewports]
desktop = "400x300"
phone = { width = 400, height = 301, mobile = true, touch = true }
[[story]]
id = "a"
path = "a.html"
device = { user-agent = "a telephone", locale = "de-AT", timezone = "Asia/Tokyo", reduced-motion = true, media = "print" }
[[story]]
id = "b"
path = "a.html"
[[story]]
id = "c"
path = "a.html"
device = { locale = "de-AT" }
"#;
    let project = Project::new(manifest, &[("a.html", PAGE)]);
    project.accept_all();
    for (stem, expected) in [
        ("a-light-400x300", &[0, 1, 2, 3, 6][..]),
        ("a-strong-400x300", &[0, 1, 2, 3, 4, 5, 6]),
        ("a-light-400x301", &[0, 1, 2, 3, 6, 7, 8]),
        ("b-light-400x300", &[]),
        ("b-strong-400x300", &[4, 5]),
        ("b-light-400x301", &[7, 8]),
        ("c-light-400x300", &[1]),
    ] {
        assert_eq!(facts(&project, stem), expected, "{stem}");
    }
    // On the fast path, too, in one session after the other.
    let run = project.run(&[], &[("TINTYPE_CACHE", "off")]);
    assert_eq!(run.code, Some(0), "{}", run.stdout);
    let run = project.run(&["b::"], &[("TINTYPE_CACHE", "off")]);
    assert_eq!(run.code, Some(0), "{}", run.stdout);
}

/// The settings that Firefox supports, and a story without any.
fn supported_device_settings_apply_in_firefox() {
    let manifest = r#"
[stories]
dir = "stories"
[browser]
names = ["firefox"]
sessions = 1
[themes]
light = { color-scheme = "light" }
strong = { color-scheme = "light", forced-colors = true }
[viewports]
desktop = "400x300"
[[story]]
id = "a"
path = "a.html"
device = { user-agent = "a telephone", locale = "de-AT", timezone = "Asia/Tokyo", reduced-motion = true, media = "print" }
[[story]]
id = "b"
path = "a.html"
"#;
    let project = Project::new(manifest, &[("a.html", PAGE)]);
    project.accept_all();
    for (stem, expected) in [
        ("a-light-400x300", &[0, 1, 2, 3, 6][..]),
        ("a-strong-400x300", &[0, 1, 2, 3, 4, 6]),
        ("b-light-400x300", &[]),
        ("b-strong-400x300", &[4]),
    ] {
        assert_eq!(facts(&project, stem), expected, "{stem}");
    }
    let run = project.run(&[], &[("TINTYPE_CACHE", "off")]);
    assert_eq!(run.code, Some(0), "{}", run.stdout);
}

/// A page that reads its language once at load: it cannot be reused for another
/// language.
fn devices_do_not_share_a_page() {
    let page = |german: &str| {
        format!(
            "<!doctype html><body><script>document.body.style.background = navigator.language === 'de' ? '{german}' : 'lime'</script>"
        )
    };
    let manifest = "[stories]\ndir = \"stories\"\n[themes]\nenglish = { locale = \"en\" }\ngerman = { locale = \"de\" }\n[viewports]\nsmall = \"100x100\"\n";
    let project = Project::new(manifest, &[("a.html", &page("lime"))]);
    project.accept_all();
    project.write("stories/a.html", &page("red"));
    assert_eq!(project.run(&[], &[]).code, Some(101));
    let status = |theme: &str| project.result(&format!("a::{theme}::100x100")).status;
    assert_eq!(status("english"), Status::Passed);
    assert_eq!(status("german"), Status::Failed);
}

fn an_unsupported_device_setting_is_reported() {
    let manifest = "[stories]\ndir = \"stories\"\n[device]\ntimezone = \"Mars/Olympus\"\n";
    let project = Project::new(manifest, &[("a.html", PAGE)]);
    let run = project.run(&[], &[]);
    assert_eq!(run.code, Some(101));
    let told = "the browser rejected `timezone = \"Mars/Olympus\"`";
    assert!(run.stdout.contains(told), "{}", run.stdout);
}
