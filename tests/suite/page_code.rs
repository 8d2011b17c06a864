//! Pages that replace what our scripts in the page use.

use libtest_mimic::Trial;

use super::project::{MANIFEST, Project};
use super::trials;

pub(crate) fn tests() -> Vec<Trial> {
    trials![
        pages_that_replace_built_ins_are_captured,
        a_page_that_cannot_be_left_fails_no_other,
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
        "library",
        "window.__tintype = null; delete window.__tintype; try { Object.defineProperty(window, '__tintype', { value: { answer: () => ({}) } }); } catch {} window.__tintypeTime = null;",
    ),
];

/// The script comes last, after the page's content.
fn page(script: &str) -> String {
    format!(
        "<!doctype html><meta charset=utf-8><style>body {{ margin: 0; font: 16px monospace }}
        p {{ margin: 0; width: 200px; height: 100px; background: #cfc }}
        b {{ display: block; width: 80px; height: 20px; overflow: hidden }}</style>
        <p>text</p><b id=secret>0</b>
        <script>secret.textContent = Math.random();{REPLACE}\n{script}</script>"
    )
}

/// Every picture is that of the page without an attack, with its mask.
fn pages_that_replace_built_ins_are_captured() {
    let pages: Vec<(String, String)> = ATTACKS
        .iter()
        .chain(&[("untouched", "")])
        .map(|(name, script)| (format!("{name}.html"), page(script)))
        .collect();
    let stories: Vec<(&str, &str)> = pages.iter().map(|(n, p)| (&**n, &**p)).collect();
    let manifest = format!(
        "{MANIFEST}[browser]\nsessions = 1\n[capture]\ntimeout = \"10s\"\nmask = [\"#secret\"]\n"
    );
    let project = Project::new(&manifest, &stories);
    project.accept_all();
    let pixels = |name: &str| {
        let file = project.read(&format!("baselines/{name}-light-400x300.png"));
        image::load_from_memory(&file).unwrap().to_rgba8()
    };
    let untouched = pixels("untouched");
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
