//! Steps: user input that the manifest performs before the capture.

use libtest_mimic::Trial;
use tintype::internals::model::Status;

use super::project::{MANIFEST, Project};
use super::trials;

pub(crate) fn tests() -> Vec<Trial> {
    trials![
        every_kind_of_step_takes_effect,
        a_step_that_cannot_be_performed_is_reported,
        steps_do_not_affect_other_stories => no_traces("chromium"),
        each_snapshot_performs_its_own_steps,
        steps_can_navigate,
        promises_of_steps_get_frames => promises("chromium"),
        answers_to_requests_of_input_arrive,
        steps_are_inputs_of_the_cache,
        step_texts_come_from_the_environment,
    ]
}

/// A box for each kind of step, which turns lime when the step has had the same
/// effect as a user's input.
const PAGE: &str = r##"<!doctype html><meta charset=utf-8>
<style>
  body { margin: 0; background: white }
  i { position: fixed; top: 0; width: 20px; height: 20px; background: red }
  .is { background: lime }
  main { position: absolute; top: 40px; left: 10px }
  #far { position: absolute; top: 3000px }
</style>
<main>
  <b id=over>over</b>
  <button id=push>push</button>
  <input id=plain value=old>
  <x-field></x-field>
  <select id=choice><option value=1>one<option value=2>two</select>
</main>
<p id=far>far</p>
<script>
  const boxes = [0, 1, 2, 3, 4, 5, 6, 7, 8].map((n) => {
    const box = document.createElement('i');
    box.style.left = `${n * 30}px`;
    document.body.append(box);
    return box;
  });
  const is = (n) => boxes[n].classList.add('is');
  const root = document.querySelector('x-field').attachShadow({ mode: 'open' });
  root.innerHTML = '<input id=deep>';
  over.addEventListener('mouseover', (e) => e.isTrusted && over.matches(':hover') && is(0));
  plain.addEventListener('focus', () => plain.matches(':focus-visible') && is(1));
  push.addEventListener('click', (e) => e.isTrusted && is(2));
  let keys = 0;
  root.addEventListener('keydown', (e) => { if (e.isTrusted) keys += 1; });
  root.addEventListener('input', (e) => { if (e.target.value === 'Grüße, 2' && keys === 8) is(3); });
  choice.addEventListener('focus', () => is(4));
  addEventListener('scroll', () => scrollY > 2000 && is(5));
  choice.addEventListener('change', () => {
    if (choice.value !== '2') return;
    is(6);
    setTimeout(() => { const late = document.createElement('u'); late.id = 'late'; late.textContent = 'late'; document.body.append(late); }, 150);
  });
</script>"##;

fn every_kind_of_step_takes_effect() {
    let manifest = format!(
        r##"{MANIFEST}
[[story]]
id = "all"
path = "a.html"
steps = [
  {{ snapshot = "none" }},
  {{ hover = "#over", snapshot = "0" }},
  {{ focus = "#plain", snapshot = "1" }},
  {{ click = "#push", snapshot = "2" }},
  {{ type = {{ into = "#deep", text = "Grüße, 2" }}, snapshot = "3" }},
  {{ press = "Tab", snapshot = "4" }},
  {{ scroll-to = "#far", snapshot = "5" }},
  {{ select = {{ in = "#choice", value = "two" }}, snapshot = "6" }},
  {{ wait-for = "#late" }},
  {{ script = "await new Promise((done) => setTimeout(done, 20)); is(7)", snapshot = "7" }},
  {{ script = "if (late.isConnected) is(8)" }},
]
"##
    );
    let project = Project::new(&manifest, &[("a.html", PAGE)]);
    project.accept_all();
    let lit = |story: &str| {
        let file = project.read(&format!("baselines/{story}-light-400x300.png"));
        let picture = image::load_from_memory(&file).unwrap().to_rgb8();
        let is_lit = |n: &u32| picture.get_pixel(n * 30 + 10, 10).0 == [0, 255, 0];
        (0..9).filter(is_lit).collect::<Vec<_>>()
    };
    assert!(lit("all-none").is_empty());
    for step in 0..8 {
        let until: Vec<u32> = (0..=step).collect();
        assert_eq!(lit(&format!("all-{step}")), until, "after step {step}");
    }
    assert_eq!(lit("all"), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
    let run = project.run(&[], &[("TINTYPE_CACHE", "off")]);
    assert_eq!(run.code, Some(0), "{}", run.stdout);
}

/// The same in another engine, all in one story.
pub(crate) fn every_kind_at_once(engine: &str) {
    let manifest = format!(
        r##"{MANIFEST}
[browser]
names = ["{engine}"]
[[story]]
id = "all"
path = "a.html"
steps = [
  {{ hover = "#over" }},
  {{ focus = "#plain" }},
  {{ click = "#push" }},
  {{ type = {{ into = "#deep", text = "Grüße, 2" }} }},
  {{ press = "Tab" }},
  {{ scroll-to = "#far" }},
  {{ select = {{ in = "#choice", value = "two" }} }},
  {{ wait-for = "#late" }},
  {{ script = "is(7); if (late.isConnected) is(8)" }},
]
"##
    );
    let project = Project::new(&manifest, &[("a.html", PAGE)]);
    project.accept_all();
    let file = project.read("baselines/all-light-400x300.png");
    let picture = image::load_from_memory(&file).unwrap().to_rgb8();
    let is_lit = |n: &u32| picture.get_pixel(n * 30 + 10, 10).0 == [0, 255, 0];
    let lit: Vec<u32> = (0..9).filter(is_lit).collect();
    assert_eq!(lit, [0, 1, 2, 3, 4, 5, 6, 7, 8]);
}

fn a_step_that_cannot_be_performed_is_reported() {
    let manifest = format!(
        r##"{MANIFEST}
[capture]
timeout = "3s"
[[story]]
id = "absent"
path = "a.html"
steps = [{{ click = "#push" }}, {{ hover = "#nothing" }}, {{ press = "Tab" }}]
[[story]]
id = "covered"
path = "covered.html"
steps = [{{ click = "button" }}]
[[story]]
id = "broken"
path = "a.html"
steps = [{{ script = "throw new Error('no such luck')" }}]
[[story]]
id = "endless"
path = "a.html"
steps = [{{ script = "await new Promise(() => {{}})" }}]
[[story]]
id = "unkept"
path = "a.html"
steps = [{{ wait-for = {{ expression = "new Promise(() => {{}})" }} }}]
[[story]]
id = "unset"
path = "a.html"
steps = [{{ type = {{ into = "#plain", text = "${{TINTYPE_TEST_UNSET}}" }} }}]
[[story]]
id = "never"
path = "a.html"
steps = [{{ wait-for = {{ expression = "window.never" }} }}]
[[story]]
id = "option"
path = "a.html"
steps = [{{ select = {{ in = "#choice", value = "three" }} }}]
"##
    );
    let covered =
        "<!doctype html><button>a</button><div id=veil style='position:fixed; inset:0'></div>";
    let project = Project::new(&manifest, &[("a.html", PAGE), ("covered.html", covered)]);
    // None of these images can be accepted, with any update mode.
    let run = project.run(&[], &[("TINTYPE_UPDATE", "all")]);
    assert_eq!(run.code, Some(101));
    assert!(!project.path().join("baselines").exists());
    for (story, told) in [
        (
            "absent",
            "step 2 of 3 (`hover` of `#nothing`) failed: no element matches",
        ),
        (
            "covered",
            "(`click` of `button`) failed: it is covered by div#veil",
        ),
        ("broken", "no such luck"),
        ("endless", "failed: it has not finished within 3 s"),
        ("unkept", "failed: it is not true after 3 s"),
        (
            "unset",
            "the environment variable TINTYPE_TEST_UNSET is not set",
        ),
        (
            "never",
            "(`wait-for` of `window.never`) failed: it is not true after 3 s",
        ),
        (
            "option",
            "(`select` of `#choice`) failed: it has no option \"",
        ),
    ] {
        let result = project.result(&format!("{story}::light::400x300"));
        assert_eq!(result.status, Status::Failed);
        let message = result.message.as_deref().unwrap();
        assert!(message.contains(told), "{message}");
        assert!(run.stdout.contains(told), "{}", run.stdout);
        assert!(!result.has_picture_to_accept());
        let picture = project.read(&result.current.unwrap());
        assert_eq!(image::load_from_memory(&picture).unwrap().width(), 400);
    }
    let absent = project.result("absent::light::400x300");
    let step = absent.unmet_step.unwrap();
    assert_eq!(
        (step.number, &*step.kind, &*step.target),
        (2, "hover", "#nothing")
    );
    // The image shows the effect of the first step.
    let picture = image::load_from_memory(&project.read(&absent.current.unwrap())).unwrap();
    assert_eq!(picture.to_rgb8().get_pixel(70, 10).0, [0, 255, 0]);
    let told = "page:     target/tintype/runs/";
    assert!(run.stdout.contains(told), "{}", run.stdout);
    assert!(run.stderr.contains("report.html"), "{}", run.stderr);
    assert!(
        !run.stderr.contains("cargo tintype accept"),
        "{}",
        run.stderr
    );
}

/// Stores every input that it received in every kind of storage.
const RETENTIVE: &str = "<!doctype html><style>body { margin: 0; background: white }
    button { position: absolute; inset: 20px; border: 0; background: white } button:hover { background: yellow }</style>
    <button></button><script>
    if (localStorage.done || document.cookie) document.querySelector('button').style.background = 'red';
    addEventListener('click', () => { localStorage.done = 1; document.cookie = 'done=1'; });
    </script>";

pub(crate) fn no_traces(engine: &str) {
    let manifest = format!(
        "{MANIFEST}[browser]\nsessions = 1\nnames = [\"{engine}\"]\n
[[story]]\nid = \"a-done\"\npath = \"a.html\"\nsteps = [{{ click = \"button\" }}]
[[story]]\nid = \"b-innocent\"\npath = \"a.html\"
[[story]]\nid = \"c-done\"\npath = \"a.html\"\nsteps = [{{ click = \"button\" }}]
[[story]]\nid = \"d-innocent\"\npath = \"a.html\"\n"
    );
    let project = Project::new(&manifest, &[("a.html", RETENTIVE)]);
    project.accept_all();
    for (story, colour) in [
        ("a-done", [255, 255, 0]),
        ("b-innocent", [255, 255, 255]),
        ("c-done", [255, 255, 0]),
        ("d-innocent", [255, 255, 255]),
    ] {
        let file = project.read(&format!("baselines/{story}-light-400x300.png"));
        let picture = image::load_from_memory(&file).unwrap().to_rgb8();
        assert_eq!(picture.get_pixel(200, 150).0, colour, "{story}");
    }
    // On the fast path, too, each story starts from a clean page.
    let run = project.run(&[], &[("TINTYPE_CACHE", "off")]);
    assert_eq!(run.code, Some(0), "{}", run.stdout);
}

/// A page that looks the same on both screens once its button was pressed, but
/// loses the button on one of them.
fn each_snapshot_performs_its_own_steps() {
    let page = |hidden: &str| {
        format!(
            "<!doctype html><style>@media (max-width: 350px) {{ button {{ {hidden} }} }} .done button {{ display: none }}
             </style><button onclick=\"document.body.className = 'done'\">press</button>"
        )
    };
    let manifest = r#"
[stories]
dir = "stories"
[themes]
light = {}
[viewports]
phone = "320x240"
desktop = "640x480"
[capture]
timeout = "8s"
[[story]]
path = "a.html"
steps = [{ click = "button" }]
"#;
    let project = Project::new(manifest, &[("a.html", &page(""))]);
    project.accept_all();
    project.write("stories/a.html", &page("display: none"));
    assert_eq!(project.run(&[], &[]).code, Some(101));
    let status = |screen: &str| project.result(&format!("a::light::{screen}")).status;
    assert_eq!(status("640x480"), Status::Passed);
    assert_eq!(status("320x240"), Status::Failed);
}

/// Browsers put off the tasks of answers after input.
fn answers_to_requests_of_input_arrive() {
    let page = |handler: &str| {
        format!(
            "<!doctype html><body>press<script>
            const done = () => document.body.append(Object.assign(document.createElement('i'), {{ id: 'done', textContent: 'done' }}));
            const begin = () => {{ {handler} }};
            addEventListener('click', begin);
            addEventListener('keydown', (e) => e.key === 's' && begin());
            </script>"
        )
    };
    let element = |create: &str| {
        page(&format!(
            "const late = {create}; late.onload = done; document.body.append(late);"
        ))
    };
    let script = element("Object.assign(document.createElement('script'), { src: 'late.js' })");
    let image = element("Object.assign(new Image(), { src: 'late.svg' })");
    let fetch = page("fetch('late.js').then((answer) => answer.text()).then(done);");
    let mut manifest = MANIFEST.to_owned();
    for story in ["script", "image", "fetch"] {
        for (kind, step) in [("click", "click = \"body\""), ("key", "press = \"s\"")] {
            manifest += &format!(
                "[[story]]\nid = \"{story}-{kind}\"\npath = \"{story}.html\"\n\
                 steps = [{{ {step} }}, {{ wait-for = \"#done\" }}]\n"
            );
        }
    }
    let pages = [
        ("script.html", &*script),
        ("image.html", &image),
        ("fetch.html", &fetch),
        ("late.js", "1"),
        (
            "late.svg",
            "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>",
        ),
    ];
    let project = Project::new(&manifest, &pages);
    project.accept_all();
    let run = project.run(&[], &[("TINTYPE_CACHE", "off")]);
    assert_eq!(run.code, Some(0), "{}", run.stdout);
}

fn steps_can_navigate() {
    let manifest = r##"
[stories]
dir = "stories"
[themes]
dark = { color-scheme = "dark", attributes = { data-theme = "dark" } }
[viewports]
desktop = "400x300"
[[story]]
id = "link"
path = "a.html"
steps = [{ click = "a" }, { wait-for = "#there" }, { click = "#there", snapshot = "toggled" }]
"##;
    let first = "<!doctype html><a href='deep/b.html?x=1#y'>go</a>";
    let second = "<!doctype html><style>body { background: white } [data-theme=dark] body { background: black } [data-theme=odd] body { background: blue }</style>
        <button id=there onclick=\"document.documentElement.dataset.theme = 'odd'\">there</button>";
    let project = Project::new(manifest, &[("a.html", first), ("deep/b.html", second)]);
    project.accept_all();
    let corner = |story: &str| {
        let file = project.read(&format!("baselines/{story}-dark-400x300.png"));
        let picture = image::load_from_memory(&file).unwrap().to_rgb8();
        picture.get_pixel(390, 290).0
    };
    // A theme changed by a step is kept.
    assert_eq!(corner("link"), [0, 0, 255]);
    let shown = manifest.replace(", { click = \"#there\", snapshot = \"toggled\" }", "");
    project.write("stories.toml", &shown);
    let run = project.run(&[], &[("TINTYPE_UPDATE", "failed")]);
    assert_eq!(run.code, Some(0), "{}", run.stdout);
    assert_eq!(corner("link"), [0, 0, 0], "the theme is worn there, too");
}

/// Promises that resolve only with a frame, or on another page.
/// A page that leaves one document after the other while a step waits for it.
const HOPS: &str = r##"
[[story]]
id = "hops"
path = "a.html"
steps = [
  { script = "location.href = 'hop.html?0'" },
  { wait-for = { selector = "#there" } },
]
"##;

pub(crate) fn promises(engine: &str) {
    let manifest = format!(
        r##"{MANIFEST}
[browser]
names = ["{engine}"]
[capture]
timeout = "30s"
[[story]]
id = "frames"
path = "a.html"
steps = [
  {{ script = "for (let n = 0; n < 3; n += 1) await new Promise(requestAnimationFrame); is('scripted')" }},
  {{ wait-for = {{ expression = "new Promise((done) => requestAnimationFrame(() => {{ is('awaited'); done(true) }}))" }} }},
  {{ wait-for = {{ expression = "new Promise((done) => setTimeout(() => done(Math.random() > 0.7)))" }} }},
]
[[story]]
id = "leaves"
path = "a.html"
steps = [
  {{ script = "location.href = 'b.html'; await new Promise(() => {{}})" }},
  {{ wait-for = {{ expression = "Promise.resolve(document.title === 'there')" }} }},
]
"##
    );
    // Elsewhere a page that is left again and again may take long.
    let (hops, stories) = if engine == "chromium" {
        (HOPS, &["frames", "leaves", "hops"][..])
    } else {
        ("", &["frames", "leaves"][..])
    };
    let hop = "<!doctype html><script>
        const n = Number(location.search.slice(1));
        setTimeout(() => location.replace(n < 15 ? `?${n + 1}` : 'b.html'));</script>";
    let page = "<!doctype html><style>body { margin: 0; background: red } .scripted.awaited { background: lime }</style>
        <body><script>const is = (what) => document.body.classList.add(what);</script>";
    let other = "<!doctype html><title>there</title><body id=there>there<style>body { background: lime }</style>";
    let project = Project::new(
        &(manifest + hops),
        &[("a.html", page), ("b.html", other), ("hop.html", hop)],
    );
    project.accept_all();
    for story in stories {
        let file = project.read(&format!("baselines/{story}-light-400x300.png"));
        let picture = image::load_from_memory(&file).unwrap().to_rgb8();
        assert_eq!(picture.get_pixel(200, 150).0, [0, 255, 0], "{story}");
    }
}

fn steps_are_inputs_of_the_cache() {
    let manifest =
        |steps: &str| format!("{MANIFEST}[[story]]\npath = \"a.html\"\nsteps = [{steps}]\n");
    let project = Project::new(&manifest("{ click = \"#push\" }"), &[("a.html", PAGE)]);
    project.accept_all();
    let cached = || {
        assert_eq!(project.run(&[], &[]).code, Some(0));
        project.result("a::light::400x300").cached
    };
    assert!(!cached());
    assert!(cached());
    project.write(
        "stories.toml",
        &manifest("{ click = \"#push\" }, { script = \"1\" }"),
    );
    assert!(!cached(), "it has another step");
    let texts = "{ type = { into = \"#plain\", text = \"${TINTYPE_TEST_TEXT}\" } }";
    project.write("stories.toml", &manifest(texts));
    let variable = |text| [("TINTYPE_TEST_TEXT", text), ("TINTYPE_UPDATE", "failed")];
    assert_eq!(project.run(&[], &variable("one")).code, Some(0));
    let run = project.run(&[], &variable("one"));
    let told = "not cached: its steps use the variable TINTYPE_TEST_TEXT (a)";
    assert!(run.stderr.contains(told), "{}", run.stderr);
    assert!(!project.result("a::light::400x300").cached);
}

fn step_texts_come_from_the_environment() {
    let manifest = format!(
        "{MANIFEST}[[story]]\npath = \"a.html\"\nsteps = [{{ type = {{ into = \"#plain\", text = \"<${{TINTYPE_TEST_TEXT}}>\" }} }}, {{ click = \"#absent\" }}]\n[capture]\ntimeout = \"3s\"\n"
    );
    let page = "<!doctype html><input id=plain oninput=\"this.className = this.value === '<swordfish>' ? 'is' : ''\"><style>body { margin: 0 } input { display: block; width: 100px; height: 100px; border: 0; outline: 0; color: transparent } .is { background: lime }</style>";
    let project = Project::new(&manifest, &[("a.html", page)]);
    let variables = [("TINTYPE_TEST_TEXT", "swordfish"), ("TINTYPE_LOG", "trace")];
    let run = project.run(&[], &variables);
    assert_eq!(run.code, Some(101));
    let result = project.result("a::light::400x300");
    let picture = image::load_from_memory(&project.read(&result.current.unwrap())).unwrap();
    assert_eq!(picture.to_rgb8().get_pixel(50, 80).0, [0, 255, 0]);
    let record = serde_json::to_string(&project.last()).unwrap();
    for text in [&run.stdout, &run.stderr, &record] {
        assert!(!text.contains("swordfish"), "{text}");
    }
    assert!(run.stderr.contains("a step"), "{}", run.stderr);
}
