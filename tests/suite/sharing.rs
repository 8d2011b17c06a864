//! Pages that several snapshots of a story share: what is accepted is what a page
//! of each snapshot's own shows.

use libtest_mimic::Trial;
use tintype::internals::model::Status;

use super::project::Project;
use super::trials;

pub(crate) fn tests() -> Vec<Trial> {
    trials![
        a_story_that_follows_its_look_is_loaded_twice,
        shared_pages_show_what_own_pages_show,
        changed_pictures_share_pages,
    ]
}

const MANIFEST: &str = r#"
[stories]
dir = "stories"

[themes]
light = { color-scheme = "light" }
dark = { color-scheme = "dark" }
contrast = { color-scheme = "light", classes = ["contrast"] }

[viewports]
narrow = "300x200"
middle = "400x200"
wide = "500x200"
"#;

/// The number of snapshots of a story.
const VARIANTS: usize = 9;

fn page(script: &str) -> String {
    format!(
        "<!doctype html><style>:root {{ color-scheme: light dark }} \
         body {{ margin: 0; font: 20px monospace; overflow-wrap: anywhere }} \
         @media (width > 450px) {{ p {{ background: teal }} }} \
         @media (prefers-color-scheme: dark) {{ p {{ color: gold }} }} \
         .contrast p {{ border: 3px solid }}</style><p id=p>text</p><script>{script}</script>"
    )
}

/// Pages that follow every change of their look.
fn following() -> Vec<(&'static str, String)> {
    vec![
        ("plain", page("")),
        (
            "query",
            page(
                "const q = matchMedia('(prefers-color-scheme: dark)'); const tell = () => { p.textContent = q.matches ? 'dark' : 'light' }; q.addEventListener('change', tell); tell();",
            ),
        ),
        (
            "two-queries",
            page(
                "const wide = () => matchMedia('(min-width: 350px)'); const tell = () => { p.textContent = wide().matches }; wide().onchange = tell; tell();",
            ),
        ),
        ("listener", page("addEventListener('resize', () => {});")),
    ]
}

/// Pages whose look depends on what they have read or shown before.
fn reading() -> Vec<(&'static str, String)> {
    let once = |value: &str| page(&format!("p.textContent = {value};"));
    vec![
        ("width", once("innerWidth")),
        ("middle-only", once("innerWidth > 350 && innerWidth < 450")),
        ("screen", once("screen.width")),
        ("viewport", once("visualViewport.width")),
        ("scheme", once("matchMedia('(prefers-color-scheme: dark)').matches")),
        ("middle-query", once("matchMedia('(min-width: 350px) and (max-width: 450px)').matches")),
        ("box", once("p.offsetWidth")),
        ("rectangle", once("p.getBoundingClientRect().width")),
        ("style", once("getComputedStyle(p).color + getComputedStyle(p).width")),
        ("class", page("setTimeout(() => { p.textContent = document.documentElement.className; }, 50);")),
        ("range", once("(() => { const r = new Range(); r.selectNode(p); return r.getBoundingClientRect().width; })()")),
        ("observer", page("new ResizeObserver(([e], o) => { p.textContent = e.contentRect.width; o.disconnect(); }).observe(p);")),
        ("both", once("innerWidth + ' ' + matchMedia('(prefers-color-scheme: dark)').matches")),
        ("counter", page("let n = 0; const tell = () => { n += 1; p.textContent = n; }; addEventListener('resize', tell); tell();")),
        ("theme-counter", page("let n = 0; const q = matchMedia('(prefers-color-scheme: dark)'); const tell = () => { n += 1; p.textContent = n; }; q.addEventListener('change', tell); tell();")),
        ("once-wide", page("addEventListener('resize', () => { if (matchMedia('(min-width: 450px)').matches) p.textContent = 'was wide'; });")),
        ("frame", page("const f = document.createElement('iframe'); f.srcdoc = '<script>document.write(innerWidth)<\\/script>'; p.append(f);")),
        ("frame-in-shadow", page("const f = document.createElement('iframe'); p.attachShadow({ mode: 'open' }).append(f); f.srcdoc = '<script>document.write(innerWidth)<\\/script>'; f.style.width = '100%';")),
        ("source", "<!doctype html><style>body { margin: 0 }</style><picture><source media='(max-width: 350px)' srcset='red.svg'><img src='blue.svg' width=100 height=100></picture>".to_owned()),
        ("later", page("setTimeout(() => { p.textContent = innerWidth; }, 400);")),
        ("original", page("const { get } = Object.getOwnPropertyDescriptor(window, 'innerWidth'); p.textContent = get.call(window);")),
    ]
}

fn project(pages: &[(&'static str, String)]) -> Project {
    let project = Project::new(MANIFEST, &[]);
    for (name, text) in pages {
        project.write(&format!("stories/{name}.html"), text);
    }
    for colour in ["red", "blue"] {
        let text = format!(
            "<svg xmlns='http://www.w3.org/2000/svg' width='100' height='100'>\
             <rect width='100' height='100' fill='{colour}'/></svg>"
        );
        project.write(&format!("stories/{colour}.svg"), &text);
    }
    project
}

/// How often the run has loaded a page.
fn loads(stderr: &str) -> usize {
    stderr
        .lines()
        .filter(|line| line.contains(" loading "))
        .count()
}

const NEW: [(&str, &str); 2] = [("TINTYPE_UPDATE", "new"), ("TINTYPE_LOG", "debug")];

fn a_story_that_follows_its_look_is_loaded_twice() {
    let pages = following();
    let project = project(&pages);
    let run = project.run(&[], &NEW);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    assert_eq!(loads(&run.stderr), 2 * pages.len(), "{}", run.stderr);
    assert_eq!(project.last().results.len(), VARIANTS * pages.len());
}

fn shared_pages_show_what_own_pages_show() {
    let pages: Vec<_> = following().into_iter().chain(reading()).collect();
    let project = project(&pages);
    let run = project.run(&[], &NEW);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    let own = format!("{MANIFEST}\n[capture]\nisolation = \"snapshot\"\n");
    project.write("stories.toml", &own);
    let log = [("TINTYPE_CACHE", "off"), ("TINTYPE_LOG", "debug")];
    let run = project.run(&[], &log);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    assert_eq!(loads(&run.stderr), VARIANTS * pages.len());
}

fn changed_pictures_share_pages() {
    let project = project(&following());
    assert_eq!(project.run(&[], &NEW).code, Some(0));
    for (name, text) in following() {
        project.write(
            &format!("stories/{name}.html"),
            &text.replace("20px", "21px"),
        );
    }
    let run = project.run(&[], &[("TINTYPE_LOG", "debug")]);
    assert_eq!(run.code, Some(101), "{}{}", run.stdout, run.stderr);
    assert_eq!(loads(&run.stderr), 2 * following().len(), "{}", run.stderr);
    let results = project.last().results;
    assert!(results.iter().all(|result| result.status == Status::Failed));
}
