// Elements that are larger than their scroll container are captured in slices:
// it never shows all of them at once.
function isCut(rect, { left, top, right, bottom }) {
  return rect.width - (right - left) >= 1 || rect.height - (bottom - top) >= 1;
}

function isScrollContainer(element, { overflowX, overflowY }) {
  return (/auto|scroll/.test(overflowX) && element.scrollWidth > element.clientWidth)
    || (/auto|scroll/.test(overflowY) && element.scrollHeight > element.clientHeight);
}

// The scroll container that cuts an element, unless an inner ancestor cuts it
// for good.
function cuttingScroller(element, visible) {
  const rect = getRect(element);
  if (!isCut(rect, visible)) return null;
  for (let outer = flatParent(element); outer; outer = flatParent(outer)) {
    const style = getComputedStyle(outer);
    if (scrollsViewport(outer) || !isCut(rect, clipToAncestor(toArea(rect), outer, style))) continue;
    return isScrollContainer(outer, style) ? outer : null;
  }
  return null;
}

// The size of an element in whole pixels that include its edges.
function wholePixels(element) {
  const { left, top, right, bottom } = getRect(element);
  return {
    width: Math.ceil(right) - Math.floor(left),
    height: Math.ceil(bottom) - Math.floor(top),
  };
}

// Scrolls the containers of an element to this place in it, and returns what
// they show from there on.
function captureSlice(selector, left, top) {
  const element = findFirst(selector);
  if (!element) return null;
  for (let outer = flatParent(element); outer; outer = flatParent(outer)) {
    if (scrollsViewport(outer) || !isScrollContainer(outer, getComputedStyle(outer))) continue;
    const [box, rect] = [paddingBox(outer), getRect(element)];
    outer.scrollBy({
      left: Math.floor(rect.left) + left - box.left,
      top: Math.floor(rect.top) + top - box.top,
      behavior: 'instant',
    });
  }
  const rect = getRect(element);
  const visible = visibleArea(element);
  const [x, y] = [Math.floor(rect.left) + left, Math.floor(rect.top) + top];
  if (!visible || visible.left > x + 1 || visible.top > y + 1) return null;
  const end = (shown, edge) => (shown > edge - 1 ? Math.ceil(edge) : Math.floor(shown));
  return {
    x: x + getScrollX(),
    y: y + getScrollY(),
    width: end(visible.right, rect.right) - x,
    height: end(visible.bottom, rect.bottom) - y,
  };
}
