// What depends on the viewport is drawn beyond it, too, where more than the
// viewport is captured.
function drawBeyondViewport(root) {
  for (const element of queryNodes(root, '*')) {
    const style = getComputedStyle(element);
    if (style.contentVisibility === 'auto') showSkippedContent(element, style);
    const isFixed = /fixed/.test(style.backgroundAttachment) && style.backgroundImage !== 'none';
    if (isFixed && isBeyondViewport(element)) setStyle(element, 'background-attachment', 'scroll');
  }
}

// `content-visibility: auto` skips content that is far from the viewport. Its
// containment stays.
function showSkippedContent(element, { contain }) {
  const size = /strict/.test(contain) ? 'size' : /(inline-)?size/.exec(contain)?.[0] ?? '';
  setStyle(element, 'contain', `layout style paint ${size}`);
  setStyle(element, 'content-visibility', 'visible');
}

function isBeyondViewport(element) {
  const { right, bottom } = getRect(element);
  return right > getInnerWidth() || bottom > getInnerHeight();
}

function setStyle(element, property, value) {
  element.style?.setProperty(property, value, 'important');
}
