// `content-visibility: auto` skips content that is far from the viewport. It is
// drawn where more than the viewport is captured, in the same containment.
function showSkippedContent(root) {
  for (const element of queryNodes(root, '*')) {
    const { contentVisibility, contain } = getComputedStyle(element);
    if (contentVisibility !== 'auto') continue;
    const size = /strict/.test(contain) ? 'size' : /(inline-)?size/.exec(contain)?.[0] ?? '';
    element.style.setProperty('contain', `layout style paint ${size}`, 'important');
    element.style.setProperty('content-visibility', 'visible', 'important');
  }
}
