// Where the page can be scrolled to, in CSS pixels from the place of a viewport
// that is not scrolled.
function scrollArea() {
  const scroller = getScrollingElement() ?? getRootElement();
  const { clientWidth, scrollWidth: width } = scroller;
  const height = Math.max(scroller.scrollHeight, getInnerHeight());
  const { toLeft, toTop } = overflowDirections();
  return {
    x: toLeft ? clientWidth - width : 0,
    y: toTop ? getInnerHeight() - height : 0,
    width,
    height,
  };
}

// The same without content that the page hides by `overflow-x`.
function pageExtent() {
  const area = scrollArea();
  if (!hidesOverflow()) return area;
  return { ...area, x: 0, width: (getScrollingElement() ?? getRootElement()).clientWidth };
}

// The whole page after it was scrolled to its top, where fixed content is once.
function capturedPage() {
  const hasScrolled = getScrollX() !== 0 || getScrollY() !== 0;
  if (hasScrolled) scrollWindowTo({ left: 0, top: 0, behavior: 'instant' });
  return { ...pageExtent(), hasScrolled };
}

// The viewport has the overflow of the root element, or of the body if the root
// element has none.
function hidesOverflow() {
  const { overflowX, overflowY } = getComputedStyle(getRootElement());
  const isVisible = overflowX === 'visible' && overflowY === 'visible';
  const isFromBody = isVisible && getBody();
  const used = isFromBody ? getComputedStyle(getBody()).overflowX : overflowX;
  return used === 'hidden' || used === 'clip';
}

// The directions in which content leaves the page. The body's writing mode is
// that of the page.
function overflowDirections() {
  const { direction, writingMode } = getComputedStyle(getBody() ?? getRootElement());
  const isReversed = direction === 'rtl';
  const isVertical = !writingMode.startsWith('horizontal');
  return {
    toLeft: isVertical ? writingMode.endsWith('-rl') : isReversed,
    toTop: isVertical && isReversed,
  };
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
  const clip = {};
  const visible = visibleArea(element, (ancestor) => { clip.by = ancestor; });
  const shown = visible && isSnapped(element) ? snapped(visible) : visible;
  return {
    ...(shown && toPage(shown)),
    page: pageExtent(),
    problem: captureProblem(element, clip.by, visible),
    sliced: visible && cuttingScroller(element, visible) && wholePixels(element),
    hasScrolled: before.x !== x || before.y !== y,
  };
}

// Browsers paint boxes from whole image pixel to whole image pixel, unless they
// are transformed.
function isSnapped(element) {
  if ((window.visualViewport?.scale ?? 1) !== 1) return false;
  for (let outer = element; outer; outer = flatParent(outer)) {
    const { transform, translate, rotate, scale, perspective } = getComputedStyle(outer);
    const effects = [transform, translate, rotate, scale, perspective];
    if (effects.some((value) => value && value !== 'none')) return false;
  }
  return true;
}

// The whole CSS pixels in which an area is painted.
function snapped({ left, top, right, bottom }) {
  const ratio = getPixelRatio();
  const painted = (edge) => Math.round(edge * ratio) / ratio;
  const area = {
    left: Math.floor(painted(left)),
    top: Math.floor(painted(top)),
    right: Math.ceil(painted(right)),
    bottom: Math.ceil(painted(bottom)),
  };
  return hasArea(area) ? area : { left, top, right, bottom };
}

function toPage({ left, top, right, bottom }) {
  return {
    x: left + getScrollX(), y: top + getScrollY(), width: right - left, height: bottom - top,
  };
}

// Scrolls in all containers but the viewport, beyond which the page is captured.
// Only an element at the edge of the viewport is brought inside: what is fixed
// there may cover a part of it.
function scrollContainersTo(element) {
  const [left, top] = [getScrollX(), getScrollY()];
  scrollIntoView(element, { block: 'nearest', inline: 'nearest', behavior: 'instant' });
  if (getScrollX() !== left || getScrollY() !== top) {
    scrollWindowTo({ left, top, behavior: 'instant' });
  }
  const { top: upper, bottom: lower, height } = getRect(element);
  const viewport = getInnerHeight();
  const isAtEdge = (upper < 0 && lower > 0) || (upper < viewport && lower > viewport);
  if (isAtEdge && height <= viewport) {
    scrollIntoView(element, { block: 'center', inline: 'nearest', behavior: 'instant' });
  }
}

// Why an element cannot be captured.
function captureProblem(element, clipper, visible) {
  const { x, y, width, height } = toPage(getRect(element));
  const size = `${Math.round(width)}×${Math.round(height)}`;
  if (width <= 0 || height <= 0) return `its size is ${size}`;
  const page = pageExtent();
  const isOutside = x + width <= page.x || x >= page.x + page.width
    || y + height <= page.y || y >= page.y + page.height;
  if (isOutside) {
    return `it is off-screen: its box of ${size} at ${Math.round(x)},${Math.round(y)} `
      + 'is outside of the page';
  }
  if (!visible) return `it is clipped completely by ${describe(clipper)}`;
  return hiddenReason(element);
}

function hiddenReason(element) {
  if (visibleParts(element).length > 0) return null;
  if (getComputedStyle(element).visibility !== 'visible') return 'it has `visibility: hidden`';
  if (element.checkVisibility?.() === false) {
    const details = element.closest('details:not([open])');
    return details ? `it is in the closed ${describe(details)}` : 'its content is not rendered';
  }
  return 'it or an ancestor has `opacity: 0`';
}
