//! The structure of one page in two engines.

use libtest_mimic::Trial;
use tintype::internals::baseline::split_digest;
use tintype::internals::explain::{StructuralKind, compare_engines};

use super::project::{MANIFEST, Project};
use super::trials;

pub(crate) fn tests() -> Vec<Trial> {
    trials![engines_are_compared_by_structure]
}

/// Boxes of fixed sizes. Firefox shows one of them larger, moves one and leaves one
/// out, and has another text after one.
const PAGE: &str = "<!doctype html><style>
    * { margin: 0 } div { width: 100px; height: 20px; background: teal }
    .after::after { content: 'one'; display: block; width: 9px; height: 9px; font-size: 9px }
    @supports (-moz-appearance: none) {
      .size { width: 140px }
      .gone { display: none }
      .place { margin-left: 30px }
      .after::after { content: 'two' }
    }
    </style><div class=same></div><div class=size></div><div class=place><div class=inner></div></div>
    <div class=after></div><div class=gone style='position:absolute'></div>";

fn engines_are_compared_by_structure() {
    let engines = "[browser]\nnames = [\"chromium\", \"firefox\"]\n";
    let project = Project::new(&format!("{MANIFEST}{engines}"), &[("a.html", PAGE)]);
    project.run(&[], &[]);
    let digest = |id: &str| {
        let current = project.result(&format!("{id}::light::400x300")).current;
        split_digest(&project.read(&current.unwrap())).unwrap().1
    };
    let (chromium, firefox) = (digest("a").unwrap(), digest("a@firefox").unwrap());
    let same = compare_engines(&chromium, &chromium).unwrap();
    assert_eq!((same.alike, same.differences.len()), (same.elements, 0));
    let found = compare_engines(&chromium, &firefox).unwrap();
    let differences = found.differences.iter();
    let differences: Vec<_> = differences
        .map(|difference| (difference.kind, &*difference.selector))
        .collect();
    let expected = [
        (StructuralKind::Size, ".size"),
        (StructuralKind::Place, ".place"),
        (StructuralKind::Text, ".after::after"),
        (StructuralKind::Missing, ".gone"),
    ];
    assert_eq!(differences, expected, "{found:#?}");
    assert_eq!(found.alike, found.elements - 4);
    let size = &found.differences[0];
    assert_eq!(size.reference.as_deref(), Some("100×20"));
    assert_eq!(size.found.as_deref(), Some("140×20"));
}
