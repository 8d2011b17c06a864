// The size of the whole page, and the place of an element in it.
function pageExtent() {
  const root = getRootElement();
  const height = Math.max(root.scrollHeight, getBody()?.scrollHeight ?? 0);
  return { x: 0, y: 0, width: root.scrollWidth, height };
}

// The box of the element that is captured, after it was scrolled into view in
// its scroll containers, or the `problem` that makes it impossible.
function captureTarget(selector) {
  const element = findFirst(selector);
  if (!element) return null;
  const { display } = getComputedStyle(element);
  if (display === 'none') return { problem: 'it has `display: none`' };
  if (display === 'contents') {
    return { problem: 'it has `display: contents` and no box; select one of its children' };
  }
  const before = getRect(element);
  scrollContainersTo(element);
  const { x, y, width, height } = getRect(element);
  const box = { x: x + getScrollX(), y: y + getScrollY(), width, height };
  return {
    ...box,
    problem: captureProblem(element, box),
    hasScrolled: before.x !== x || before.y !== y,
  };
}

// Scrolls in all containers but the viewport: the page is captured beyond it.
function scrollContainersTo(element) {
  const [left, top] = [getScrollX(), getScrollY()];
  scrollIntoView(element, { block: 'nearest', inline: 'nearest', behavior: 'instant' });
  if (getScrollX() !== left || getScrollY() !== top) {
    scrollWindowTo({ left, top, behavior: 'instant' });
  }
}

function captureProblem(element, { x, y, width, height }) {
  const size = `${Math.round(width)}×${Math.round(height)}`;
  if (width <= 0 || height <= 0) return `its size is ${size}`;
  const { scrollWidth, clientWidth } = getRootElement();
  const isRightToLeft = getComputedStyle(getRootElement()).direction === 'rtl';
  const leftEdge = isRightToLeft ? clientWidth - scrollWidth : 0;
  const rightEdge = isRightToLeft ? clientWidth : Math.max(scrollWidth, clientWidth);
  if (x + width <= leftEdge || y + height <= 0 || x >= rightEdge) {
    return `it is off-screen: its box of ${size} at ${Math.round(x)},${Math.round(y)} `
      + 'is outside of the page';
  }
  let clipper = null;
  visibleArea(element, (ancestor) => { clipper = ancestor; });
  return clipper && `it is clipped completely by ${describe(clipper)}`;
}
