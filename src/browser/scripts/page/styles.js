// Style sheets that apply to this medium and are not loaded. Those that failed
// are known by their error event, which does not bubble.
const failedElements = new WeakSet();
window.addEventListener('error', ({ target }) => {
  if (isElement(target)) failedElements.add(target);
}, true);

function pendingStyles(root) {
  return queryAll(root, 'link[rel~=stylesheet]')
    .filter((link) => !link.disabled && link.href && matchMedia(link.media || 'all').matches)
    .filter((link) => !link.sheet && !failedElements.has(link))
    .map((link) => ({ step: 'styles', detail: link.href }));
}
