//! Whole pages and elements are captured without changing the layout.

use image::RgbImage;
use libtest_mimic::Trial;

use super::project::Project;
use super::trials;

pub(crate) fn tests() -> Vec<Trial> {
    trials![
        a_whole_page_keeps_its_viewport,
        content_beyond_the_viewport_is_captured,
        content_that_appears_on_scrolling_is_captured,
        a_page_does_not_notice_its_capture,
        elements_larger_than_the_viewport_are_complete,
        elements_larger_than_their_scroll_container_are_complete,
        tall_pages_have_no_doubled_rows,
        endless_vector_images_are_at_their_beginning,
    ]
}

const RED: [u8; 3] = [255, 0, 0];
const LIME: [u8; 3] = [0, 255, 0];
const BLUE: [u8; 3] = [0, 0, 255];
const WHITE: [u8; 3] = [255; 3];

/// A story: its id, its page and further keys.
type Story<'a> = (&'a str, &'a str, &'a str);

/// Accepts stories of 400 by 300 pixels, captured as whole pages unless their
/// keys set something else, and compares them once more.
fn accepted(stories: &[Story<'_>]) -> Project {
    let mut manifest =
        "[stories]\ndir = \"stories\"\n[themes]\nlight = { color-scheme = \"light\" }\n\
        [viewports]\ndesktop = \"400x300\"\nphone = { width = 360, height = 640, mobile = true }\n\
        [capture]\ntarget = \"page\"\n"
            .to_owned();
    let mut files = Vec::new();
    for (id, page, keys) in stories {
        let viewports = if keys.contains("viewports") {
            ""
        } else {
            "viewports = [\"desktop\"]\n"
        };
        manifest += &format!("[[story]]\nid = \"{id}\"\npath = \"{id}.html\"\n{viewports}{keys}\n");
        let page = format!("<!doctype html><style>body {{ margin: 0 }}</style>{page}");
        files.push((format!("{id}.html"), page));
    }
    let files: Vec<_> = files
        .iter()
        .map(|(path, page)| (path.as_str(), page.as_str()))
        .collect();
    let project = Project::new(&manifest, &files);
    project.accept_all();
    let run = project.run(&[], &[("TINTYPE_CACHE", "off")]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    project
}

fn picture(project: &Project, stem: &str) -> RgbImage {
    let file = project.read(&format!("baselines/{stem}.png"));
    image::load_from_memory(&file).unwrap().to_rgb8()
}

/// A picture at scale 1 of 400 by 300 pixels.
fn desktop(project: &Project, id: &str) -> RgbImage {
    picture(project, &format!("{id}-light-400x300"))
}

/// The colours at these places.
fn at<const N: usize>(image: &RgbImage, places: [(u32, u32); N]) -> [[u8; 3]; N] {
    places.map(|(x, y)| image.get_pixel(x, y).0)
}

fn a_whole_page_keeps_its_viewport() {
    let units = "<style>div { width: 50% } @media (min-height: 301px), (orientation: portrait) { div { background: black !important } }</style>
        <div style='height: 100vh; background: red'></div><div style='height: 100dvh; background: lime'></div>
        <div style='height: 100vh; background: blue'></div>";
    let fixed = "<p style='margin: 0; height: 900px; background: lime'></p>
        <b style='position: fixed; top: 0; left: 0; width: 100%; height: 20px; background: red'></b>
        <b style='position: fixed; bottom: 0; left: 0; width: 100%; height: 20px; background: blue'></b>";
    let background = "<style>body { background: linear-gradient(red, red) fixed }</style><p style='margin: 0; height: 900px'></p>";
    let project = accepted(&[
        ("units", units, ""),
        ("sharp", units, "scale = 1.5"),
        ("fixed", fixed, ""),
        ("background", background, ""),
    ]);
    let image = desktop(&project, "units");
    assert_eq!(image.dimensions(), (400, 900));
    assert_eq!(
        at(&image, [(99, 299), (99, 300), (99, 600), (300, 600)]),
        [RED, LIME, BLUE, WHITE]
    );
    let image = picture(&project, "sharp@1.5x-light-400x300");
    assert_eq!(image.dimensions(), (600, 1350));
    assert_eq!(
        at(&image, [(99, 449), (99, 450), (99, 900)]),
        [RED, LIME, BLUE]
    );
    let image = desktop(&project, "fixed");
    assert_eq!(
        at(&image, [(9, 9), (9, 30), (9, 290), (9, 320), (9, 890)]),
        [RED, LIME, BLUE, LIME, LIME]
    );
    assert_eq!(
        at(&desktop(&project, "background"), [(9, 9), (9, 890)]),
        [RED, RED]
    );
}

fn content_beyond_the_viewport_is_captured() {
    let wide = "<p style='margin: 0; width: 700px; height: 20px; background: linear-gradient(90deg, red 50%, blue 50%)'></p>";
    let rtl = format!(
        "<html dir=rtl>{wide}<p style='margin: 0; width: 50px; height: 50px; background: lime'></p>"
    );
    let hidden = format!("<style>body {{ overflow-x: hidden }}</style>{wide}");
    let skipped = "<style>div { content-visibility: auto; contain-intrinsic-size: 100px } p { margin: 0; height: 500px; background: lime }</style>
        <div><p></p></div><div><p></p></div><div><p></p></div>";
    let phone = "<div style='height: 100px; background: red'></div><div style='height: 100px; width: 980px; background: linear-gradient(90deg, lime 90%, blue 90%)'></div>
        <div style='height: 2000px'></div>";
    let masked = format!(
        "{rtl}<b class=m style='position: absolute; left: -280px; top: 100px; width: 50px; height: 40px; background: red'></b>"
    );
    let project = accepted(&[
        ("wide", wide, ""),
        ("rtl", &rtl, ""),
        ("hidden", &hidden, ""),
        ("skipped", skipped, ""),
        ("phone", phone, "viewports = [\"phone\"]"),
        ("masked", &masked, "capture = { mask = [\".m\"] }"),
    ]);
    let image = desktop(&project, "wide");
    assert_eq!(image.dimensions(), (700, 300));
    assert_eq!(
        at(&image, [(9, 9), (690, 9), (690, 30)]),
        [RED, BLUE, WHITE]
    );
    let image = desktop(&project, "rtl");
    assert_eq!(image.dimensions(), (700, 300));
    assert_eq!(
        at(&image, [(9, 9), (690, 9), (690, 30), (600, 30)]),
        [RED, BLUE, LIME, WHITE]
    );
    assert_eq!(desktop(&project, "hidden").dimensions(), (400, 300));
    let image = desktop(&project, "skipped");
    assert_eq!(image.dimensions(), (400, 1500));
    assert_eq!(at(&image, [(9, 9), (9, 900), (9, 1490)]), [LIME; 3]);
    // A layout of 980 pixels on 360.
    let image = picture(&project, "phone-light-360x640");
    assert_eq!(image.width(), 360);
    assert_eq!(at(&image, [(9, 9), (9, 55), (350, 55)]), [RED, LIME, BLUE]);
    let cover = [255, 0, 255];
    let image = desktop(&project, "masked");
    assert_eq!(
        at(&image, [(19, 110), (20, 110), (69, 139), (70, 139)]),
        [WHITE, cover, cover, WHITE]
    );
}

fn content_that_appears_on_scrolling_is_captured() {
    let reveal = |script: &str| {
        format!(
            "<style>p {{ margin: 0 0 200px; height: 200px; background: lime; opacity: 0; transition: opacity 1s }} .in {{ opacity: 1 }}</style>
            <div style='height: 250px; background: red'></div><p></p><p></p><p></p>
            <script>const all = document.querySelectorAll('p'); {script}</script>"
        )
    };
    let repeating = reveal(
        "const o = new IntersectionObserver((entries) => entries.forEach((e) => e.target.classList.toggle('in', e.isIntersecting)), { threshold: 0.3 }); all.forEach((p) => o.observe(p))",
    );
    let once = reveal(
        "const o = new IntersectionObserver((entries) => entries.forEach((e) => { if (e.isIntersecting) { e.target.className = 'in'; o.unobserve(e.target) } })); all.forEach((p) => o.observe(p))",
    );
    let listener = reveal(
        "onscroll = () => all.forEach((p) => p.classList.toggle('in', p.offsetTop < scrollY + innerHeight * 0.8)); onscroll()",
    );
    let timeline = "<style>@keyframes show { from { opacity: 0 } } p { margin: 0 0 200px; height: 200px; background: lime; animation: show linear both; animation-timeline: view(); animation-range: entry 0% cover 40% }</style>
        <div style='height: 250px; background: red'></div><p></p><p></p><p></p>";
    let header = "<style>header { position: fixed; top: 0; width: 100%; height: 50px; background: red } .small { height: 10px; background: blue }</style>
        <header id=h></header><div style='height: 900px'></div><script>onscroll = () => h.classList.toggle('small', scrollY > 20)</script>";
    let growing = "<div id=list></div><b id=end style='display: block; height: 10px; background: red'></b><script>
        const add = () => { for (let i = 0; i < 5 && list.children.length < 20; i += 1) list.insertAdjacentHTML('beforeend', '<p style=\"margin: 0; height: 70px; background: lime\"></p>') };
        add(); new IntersectionObserver(([e]) => { if (e.isIntersecting) setTimeout(add, 150) }).observe(end)</script>";
    let frame = "<div style='height: 2000px'></div><iframe loading=lazy src='frame.htm' style='border: 0; width: 100px; height: 50px'></iframe>";
    let stories = [
        ("repeating", repeating.as_str(), ""),
        ("once", &once, ""),
        ("listener", &listener, ""),
        ("timeline", timeline, ""),
        ("header", header, ""),
        ("growing", growing, ""),
        ("off", &once, "capture = { scroll-through = false }"),
        (
            "part",
            &repeating,
            "capture = { target = { element = \"p:last-of-type\" } }",
        ),
    ];
    let project = accepted(&stories);
    for id in ["repeating", "once", "listener", "timeline"] {
        let image = desktop(&project, id);
        assert_eq!(
            at(&image, [(9, 9), (9, 350), (9, 750), (9, 1150)]),
            [RED, LIME, LIME, LIME],
            "{id}"
        );
    }
    assert_eq!(
        at(&desktop(&project, "header"), [(9, 9), (9, 45)]),
        [RED, RED]
    );
    let image = desktop(&project, "growing");
    assert_eq!(image.dimensions(), (400, 1410));
    assert_eq!(at(&image, [(9, 1390), (9, 1405)]), [LIME, RED]);
    assert_eq!(at(&desktop(&project, "off"), [(9, 1150)]), [WHITE]);
    let image = desktop(&project, "part");
    assert_eq!(image.dimensions(), (400, 200));
    assert_eq!(at(&image, [(9, 9), (390, 190)]), [LIME, LIME]);
    // A lazy frame below the viewport.
    let project = Project::new(
        "[stories]\ndir = \"stories\"\n[themes]\nlight = {}\n[viewports]\ndesktop = \"400x300\"\n[capture]\ntarget = \"page\"\n",
        &[
            ("a.html", frame),
            ("frame.htm", "<body style='background: lime'>"),
        ],
    );
    project.accept_all();
    assert_eq!(at(&desktop(&project, "a"), [(50, 2040)]), [LIME]);
}

fn a_page_does_not_notice_its_capture() {
    let watching = |event: &str| {
        format!(
            "<div style='height: 900px'></div><script>
            const note = () => document.body.style.background = 'red';
            addEventListener('load', () => {{ {event} }});</script>"
        )
    };
    let pages = [
        ("resize", watching("addEventListener('resize', note)")),
        ("property", watching("onresize = note")),
        ("visual", watching("visualViewport.onresize = note")),
        (
            "query",
            watching(
                "for (const q of ['(min-height: 301px)', '(orientation: portrait)', '(min-width: 401px)']) matchMedia(q).addEventListener('change', note)",
            ),
        ),
        (
            "handler",
            watching("matchMedia('(orientation: portrait)').onchange = note"),
        ),
        (
            "observer",
            watching(
                "let n = 0; new ResizeObserver(() => { if (n++) note() }).observe(document.documentElement)",
            ),
        ),
    ];
    let stories: Vec<Story<'_>> = pages
        .iter()
        .map(|(id, page)| (*id, page.as_str(), ""))
        .collect();
    let project = accepted(&stories);
    for (id, _) in &pages {
        assert_eq!(
            at(&desktop(&project, id), [(9, 9), (9, 890)]),
            [WHITE; 2],
            "{id}"
        );
    }
    let menu = "<button id=b>menu</button><ul id=m hidden style='margin: 0; height: 100px; background: lime'></ul><div style='height: 900px'></div>
        <script>b.onclick = () => { m.hidden = false }; onscroll = onresize = () => { m.hidden = true }</script>";
    let project = accepted(&[("menu", menu, "steps = [{ click = \"#b\" }]")]);
    assert_eq!(at(&desktop(&project, "menu"), [(200, 60)]), [LIME]);
}

fn elements_larger_than_the_viewport_are_complete() {
    let wide = "<div id=t style='width: 900px; height: 700px; background: linear-gradient(90deg, red 50%, blue 50%)'></div>";
    let right = "<div id=t style='position: absolute; left: 800px; top: 600px; width: 90px; height: 60px; background: lime'></div>";
    let hero = "<div id=t style='min-height: 100vh; background: lime'></div><div style='height: 900px'></div>";
    let bar = "<b style='position: fixed; bottom: 0; left: 0; width: 100%; height: 30px; background: red'></b>";
    let fold = format!(
        "<div style='height: 250px'></div><div id=t style='height: 80px; background: lime'></div><div style='height: 900px'></div>{bar}"
    );
    let keys = "capture = { target = { element = \"#t\" } }";
    let project = accepted(&[
        ("wide", wide, keys),
        ("right", right, keys),
        ("hero", hero, keys),
        ("fold", &fold, keys),
    ]);
    let image = desktop(&project, "wide");
    assert_eq!(image.dimensions(), (900, 700));
    assert_eq!(at(&image, [(9, 690), (890, 690)]), [RED, BLUE]);
    let image = desktop(&project, "right");
    assert_eq!(image.dimensions(), (90, 60));
    assert_eq!(at(&image, [(0, 0), (89, 59)]), [LIME; 2]);
    assert_eq!(desktop(&project, "hero").dimensions(), (400, 300));
    let image = desktop(&project, "fold");
    assert!(image.pixels().all(|pixel| pixel.0 == LIME));
}

fn elements_larger_than_their_scroll_container_are_complete() {
    let app = "<style>html, body { height: 100% } #app { height: 100%; overflow: auto }</style>
        <div id=app><main id=t><p style='margin: 0; height: 700px; background: red'></p><p style='margin: 0; height: 55px; background: blue'></p></main></div>";
    let table = "<div style='width: 210px; height: 110px; overflow: auto; border: 2px solid; margin: 30px'><div id=t style='width: 500px; height: 332px; background: linear-gradient(90deg, red 60%, blue 60%)'></div></div>";
    let keys = "capture = { target = { element = \"#t\" } }";
    let sharp = format!("{keys}\nscale = 1.5");
    let project = accepted(&[
        ("app", app, keys),
        ("table", table, keys),
        ("sharp", table, &sharp),
    ]);
    let image = desktop(&project, "app");
    assert_eq!(image.dimensions(), (400, 755));
    assert_eq!(
        at(&image, [(9, 9), (9, 699), (9, 700), (9, 754)]),
        [RED, RED, BLUE, BLUE]
    );
    for (stem, scale, size) in [
        ("table-light-400x300", 1.0, (500, 332)),
        ("sharp@1.5x-light-400x300", 1.5, (750, 498)),
    ] {
        let image = picture(&project, stem);
        assert_eq!(image.dimensions(), size, "{stem}");
        let edge = (300.0 * scale) as u32;
        for (x, y, pixel) in image.enumerate_pixels() {
            let expected = if x < edge { RED } else { BLUE };
            assert!(pixel.0 == expected || y + 1 == size.1, "{stem}: {x},{y}");
        }
    }
}

/// Stripes of ten CSS pixels on a page that is captured in several pieces.
fn tall_pages_have_no_doubled_rows() {
    let stripes = "<style>body { height: 25001px; background: repeating-linear-gradient(white 0 10px, black 10px 20px) }</style>";
    let project = accepted(&[("one", stripes, ""), ("half", stripes, "scale = 1.5")]);
    for (stem, stripe, height) in [
        ("one-light-400x300", 10, 25001),
        ("half@1.5x-light-400x300", 15, 37502),
    ] {
        let image = picture(&project, stem);
        assert_eq!(image.height(), height, "{stem}");
        for y in 0..height - stripe {
            let expected = if (y / stripe) % 2 == 0 { 255 } else { 0 };
            assert_eq!(image.get_pixel(9, y).0, [expected; 3], "{stem}: row {y}");
        }
    }
}

fn endless_vector_images_are_at_their_beginning() {
    let svg = |style: &str| {
        format!(
            "<svg xmlns='http://www.w3.org/2000/svg' width='100' height='100'><style>{style}</style>
            <rect width='20' height='100' fill='lime'/></svg>"
        )
    };
    let endless = svg(
        "@keyframes s { to { transform: translateX(80px) } } rect { animation: s 1s linear infinite }",
    );
    let finite = svg(
        "@keyframes s { from { transform: translateX(80px) } } rect { animation: s 1s linear }",
    );
    let page = "<!doctype html><style>body { margin: 0 } img, div { display: block; width: 100px; height: 100px }</style>
        <img src=endless.svg><img src=finite.svg><div style='background: url(endless.svg)'></div>";
    let manifest = "[stories]\ndir = \"stories\"\n[themes]\nlight = {}\n[viewports]\ndesktop = \"400x300\"\n[[story]]\nid = \"a\"\npath = \"a.html\"\n";
    let files = [
        ("a.html", page),
        ("endless.svg", &endless),
        ("finite.svg", &finite),
    ];
    let project = Project::new(manifest, &files);
    project.accept_all();
    let places = [(1, 50), (18, 50), (1, 150), (18, 150), (1, 250), (18, 250)];
    assert_eq!(at(&desktop(&project, "a"), places), [LIME; 6]);
    let run = project.run(&[], &[("TINTYPE_CACHE", "off")]);
    assert_eq!(run.code, Some(0), "{}", run.stdout);
}
