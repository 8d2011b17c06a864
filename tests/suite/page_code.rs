//! Pages that replace what our scripts in the page use.

use image::Rgb;
use libtest_mimic::Trial;
use tintype::internals::model::Status;

use super::project::{MANIFEST, Project};
use super::trials;

pub(crate) fn tests() -> Vec<Trial> {
    trials![
        a_page_that_cannot_be_left_fails_no_other,
        pages_that_replace_built_ins_are_captured => captured("chromium"),
        pages_that_replace_built_ins_are_captured_in_firefox => captured("firefox"),
        pages_that_replace_built_ins_are_captured_in_webkit => captured("webkit"),
        pages_that_break_the_driver_of_webkit_fail_alone,
    ]
}

/// Replaces all methods of an object by one that throws.
const REPLACE: &str = "const replace = (owner) => {
    for (const key of Reflect.ownKeys(owner)) {
        if (key === 'constructor') continue;
        const property = Reflect.getOwnPropertyDescriptor(owner, key);
        if (!property.configurable) continue;
        const fail = function () { throw new Error('replaced'); };
        if (property.get) Reflect.defineProperty(owner, key, { ...property, get: fail });
        else if (typeof property.value === 'function') Reflect.defineProperty(owner, key, { ...property, value: fail });
    }
};";

/// What pages replace, by name.
const ATTACKS: &[(&str, &str)] = &[
    (
        "array",
        "const all = [Array, Array.prototype, [][Symbol.iterator]().__proto__]; for (let i = 0; i < 3; i += 1) replace(all[i]);",
    ),
    (
        "array-lies",
        "Array.prototype.map = Array.prototype.filter = Array.prototype.flatMap = () => [];",
    ),
    (
        "collections",
        "const all = [Map, Set, WeakMap, WeakSet]; for (let i = 0; i < 4; i += 1) replace(all[i].prototype);",
    ),
    (
        "endless-iterators",
        "for (const owner of [Array, Map, Set, NodeList, String]) owner.prototype[Symbol.iterator] = function* () { for (;;) yield null; };",
    ),
    (
        "text",
        "replace(String.prototype); replace(RegExp.prototype); replace(Number.prototype);",
    ),
    ("functions", "replace(Function.prototype);"),
    (
        "objects",
        "const all = [Object, Reflect]; replace(all[0]); replace(all[1]);",
    ),
    (
        "math",
        "for (const key of Object.keys(Object.getOwnPropertyDescriptors(Math))) if (typeof Math[key] === 'function') Math[key] = () => NaN;",
    ),
    (
        "promises",
        "replace(Promise); replace(Promise.prototype); window.Promise = null;",
    ),
    (
        "json",
        "JSON.stringify = () => '\"forged\"'; JSON.parse = () => ({ pending: [] }); Object.prototype.toJSON = () => 'forged';",
    ),
    (
        "thenable",
        "Object.prototype.then = function (resolve) { resolve('forged'); };",
    ),
    ("never-thenable", "Object.prototype.then = () => {};"),
    (
        "inherited",
        "Object.assign(Object.prototype, { get() {}, value: 1, writable: false, error: 'forged', pending: true });",
    ),
    (
        "elements",
        "const all = [Element, HTMLElement, Node, Document, DocumentFragment, EventTarget, CSSStyleDeclaration, Range, NodeList, DOMRectReadOnly]; for (let i = 0; i < all.length; i += 1) replace(all[i].prototype);",
    ),
    (
        "frames-and-fonts",
        "requestAnimationFrame = setTimeout = () => 1; Object.defineProperty(document, 'fonts', { get() { throw new Error('replaced'); } });",
    ),
    (
        "globals",
        "for (const name of ['Array', 'Boolean', 'Map', 'Set', 'WeakMap', 'Symbol', 'Object', 'String', 'Number', 'Math', 'JSON', 'Reflect', 'Element', 'Node', 'Document', 'EventTarget', 'performance', 'getComputedStyle', 'matchMedia']) window[name] = null;",
    ),
    (
        "clobbered",
        "document.body.insertAdjacentHTML('beforeend', ['querySelector', 'querySelectorAll', 'images', 'fonts', 'documentElement', 'body', 'adoptedStyleSheets', 'createRange', 'baseURI', 'timeline'].map((name) => `<form hidden name=${name}></form>`).join(''));",
    ),
    (
        "constructors",
        "const all = [Promise, Array, Map, Set, WeakMap, Object, Function, XMLHttpRequest];
        for (let i = 0; i < all.length; i += 1) Object.defineProperty(all[i].prototype, 'constructor', { get() { throw new Error('replaced'); } });",
    ),
    (
        "species",
        "const species = { get() { throw new Error('replaced'); } }, instance = { value() { throw new Error('replaced'); } };
        for (const each of [Promise, Array, RegExp]) Object.defineProperty(each, Symbol.species, species);
        for (const each of [Promise, Array, Element]) Object.defineProperty(each, Symbol.hasInstance, instance);",
    ),
    (
        "forged-promises",
        "const Original = Promise;
        window.Promise = class extends Original { constructor(run) { super((resolve, reject) => run(() => resolve('forged'), reject)); } };",
    ),
    (
        "forged-script",
        "const { split } = String.prototype;
        String.prototype.split = function (by) { return this.includes('__tintype') ? [`function () { arguments[0]('{\"value\":null}') }`] : split.call(this, by); };",
    ),
    (
        "library",
        "window.__tintype = null; delete window.__tintype; try { Object.defineProperty(window, '__tintype', { value: { answer: () => ({}) } }); } catch {} window.__tintypeTime = null;",
    ),
];

/// The script comes last, after the page's content. The cover is removed by a
/// timer and a frame that are due after it.
fn page(script: &str) -> String {
    format!(
        "<!doctype html><meta charset=utf-8><style>body {{ margin: 0; font: 16px monospace }}
        p {{ margin: 0; width: 200px; height: 100px; background: #cfc }}
        b {{ display: block; width: 80px; height: 20px; overflow: hidden }}
        i {{ position: absolute; inset: 0; background: red }}</style>
        <p>text</p><b id=secret>0</b><i id=cover></i>
        <script>secret.textContent = Math.random();
        setTimeout(requestAnimationFrame.bind(window, cover.remove.bind(cover)), 50);
        {REPLACE}\n{script}</script>"
    )
}

/// Every picture is that of the page without an attack, with its mask.
fn captured(engine: &str) {
    let pages: Vec<(String, String)> = ATTACKS
        .iter()
        .chain(&[("untouched", "")])
        .map(|(name, script)| (format!("{name}.html"), page(script)))
        .collect();
    let stories: Vec<(&str, &str)> = pages.iter().map(|(n, p)| (&**n, &**p)).collect();
    let manifest = format!(
        "{MANIFEST}[browser]\nnames = [\"{engine}\"]\nsessions = 1\n\
         [capture]\ntimeout = \"10s\"\nmask = [\"#secret\"]\n"
    );
    let project = Project::new(&manifest, &stories);
    project.accept_all();
    let pixels = |name: &str| {
        let file = project.read(&format!("baselines/{name}-light-400x300.png"));
        image::load_from_memory(&file).unwrap().to_rgb8()
    };
    let untouched = pixels("untouched");
    assert_eq!(untouched.get_pixel(150, 60), &Rgb([204, 255, 204]));
    for (name, _) in ATTACKS {
        assert!(pixels(name) == untouched, "{name} changed its picture");
    }
    assert_eq!(project.run(&[], &[]).code, Some(0), "the same again");
}

/// The first page never lets the browser leave it, so that the second one gets
/// another tab.
fn a_page_that_cannot_be_left_fails_no_other() {
    let stuck = "<!doctype html><p>stuck<script>
        addEventListener('beforeunload', () => { for (;;); });
        </script>";
    let stories = [("a.html", stuck), ("b.html", "<!doctype html><p>b")];
    let manifest = format!("{MANIFEST}[browser]\nsessions = 1\n[capture]\ntimeout = \"10s\"\n");
    let project = Project::new(&manifest, &stories);
    let variables = [("TINTYPE_UPDATE", "new"), ("TINTYPE_LOG", "warn")];
    let run = project.run(&[], &variables);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    let told = "loading the story again, in a new tab";
    assert!(run.stderr.contains(told), "{}", run.stderr);
}

/// What page code shadows or makes final cannot be put back for the driver.
fn pages_that_break_the_driver_of_webkit_fail_alone() {
    let broken = "<!doctype html><script>let Promise = null</script>";
    let manifest = format!("{MANIFEST}[browser]\nnames = [\"webkit\"]\nsessions = 1\n");
    let stories = [("a.html", broken), ("b.html", "<!doctype html><p>text")];
    let project = Project::new(&manifest, &stories);
    let run = project.run(&[], &[("TINTYPE_UPDATE", "new")]);
    assert_eq!(run.code, Some(101), "{}", run.stdout);
    let status = |name: &str| project.result(&format!("{name}::light::400x300")).status;
    assert_eq!([status("a"), status("b")], [Status::Failed, Status::New]);
}
