// Scrolls through what is captured, step by step, so that content that loads or
// appears on scrolling is there. `target` is the selector of an element, or
// null for the whole page.
const SCROLL_STEP = 0.5;
const MAX_SCROLL_STEPS = 100;

// Pages of more viewports are not scrolled through: most are too large to be
// captured.
const MAX_VIEWPORTS = 400;

// The number of viewports by which a page may grow while it is scrolled.
const MAX_GROWTH = 20;

// How far this viewport's page was scrolled through.
let scrolled = { size: '' };

function scrollRange(target) {
  if (target === null) {
    const { y, height } = pageExtent();
    return { from: 0, to: y + height, left: 0 };
  }
  const element = findFirst(target);
  if (!element) return null;
  const { left, top, bottom } = getRect(element);
  return {
    from: top + getScrollY(),
    to: bottom + getScrollY(),
    left: left >= 0 && left < getInnerWidth() ? getScrollX() : left + getScrollX(),
  };
}

function isInViewport({ from, to, left }) {
  return from >= getScrollY() && to <= getScrollY() + getInnerHeight() && left === getScrollX();
}

// Whether anything is still to be scrolled to, or the page to be scrolled back.
function hasMoreToScroll({ target, endsAtTop }) {
  const range = scrollRange(target);
  if (!range || range.to - range.from > MAX_VIEWPORTS * getInnerHeight()) return false;
  const size = `${getInnerWidth()}x${getInnerHeight()} ${target}`;
  if (scrolled.size !== size) {
    const [left, top] = endsAtTop ? [0, 0] : [getScrollX(), getScrollY()];
    scrolled = {
      size,
      home: { left, top },
      seen: isInViewport(range) ? range.to : range.from,
      limit: range.to + MAX_GROWTH * getInnerHeight(),
      isBack: getScrollX() === left && getScrollY() === top,
      faint: null,
    };
  }
  const hasMore = scrolled.seen < Math.min(range.to, scrolled.limit) || !scrolled.isBack;
  if (!hasMore && scrolled.faint) restoreAppearances(scrolled.faint);
  return hasMore;
}

// Scrolls on; returns whether there is more before the page needs to settle.
function scrollOn(target) {
  keepRevealed();
  stopAllAnimations();
  scrolled.faint ??= faintElements();
  noteAppearances(scrolled.faint);
  const range = scrollRange(target);
  const end = range ? Math.min(range.to, scrolled.limit) : 0;
  scrolled.isBack = scrolled.seen >= end;
  if (scrolled.isBack) {
    scrollWindowTo({ ...scrolled.home, behavior: 'instant' });
    return false;
  }
  const height = getInnerHeight();
  // The first viewport shows a whole one.
  const first = scrolled.seen === range.from ? Math.max(scrolled.seen, height) : scrolled.seen;
  const step = Math.max(height * SCROLL_STEP, (end - range.from) / MAX_SCROLL_STEPS);
  scrolled.seen = Math.min(first + step, end);
  scrollWindowTo({ left: range.left, top: scrolled.seen - height, behavior: 'instant' });
  return scrolled.seen < end;
}
