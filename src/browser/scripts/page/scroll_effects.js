// Content that appears in view and hides again when the page is scrolled back,
// by scroll listeners or view timelines, is shown as it was in view.
const APPEARANCE = [
  'opacity', 'visibility', 'transform', 'translate', 'rotate', 'scale', 'filter', 'clip-path',
];

function isHiddenStyle({ opacity, visibility }) {
  return Number(opacity) < 0.05 || visibility === 'hidden';
}

function isInView(element) {
  const { top, bottom } = getRect(element);
  return bottom > 0 && top < getInnerHeight();
}

// Elements below the viewport that are hidden before the page is scrolled.
function hiddenElements() {
  const elements = findRoots().flatMap((root) => queryAll(root, '*'));
  const hidden = elements.filter((element) => (
    isHiddenStyle(getComputedStyle(element)) && !isInView(element)
  ));
  return new Map(hidden.map((element) => [element, null]));
}

function noteAppearances(hidden) {
  for (const [element, seen] of hidden) {
    if (!isInView(element)) continue;
    const style = getComputedStyle(element);
    if (isHiddenStyle(style) || Number(style.opacity) < Number(seen?.opacity ?? 0)) continue;
    const values = APPEARANCE.map((property) => [property, style.getPropertyValue(property)]);
    hidden.set(element, Object.fromEntries(values));
  }
}

function restoreAppearances(hidden) {
  for (const [element, seen] of hidden) {
    if (!seen || isInView(element) || !isHiddenStyle(getComputedStyle(element))) continue;
    setStyle(element, 'transition', 'none');
    for (const [property, value] of Object.entries(seen)) setStyle(element, property, value);
  }
}
