// Prepares a loaded page of WebKit, and installs the library in every document
// that can be reached and has none: it was not loaded through the proxy.
const [library, done] = arguments;

// Existing scrollbars are hidden by a style only after they were created again.
function hideScrollbars(frame) {
  const sheet = new frame.CSSStyleSheet();
  sheet.replaceSync('* { scrollbar-width: none !important }');
  frame.document.adoptedStyleSheets = [...frame.document.adoptedStyleSheets, sheet];
  const scrolls = (element) =>
    (element.scrollHeight > element.clientHeight || element.scrollWidth > element.clientWidth) &&
    /auto|scroll/.test(frame.getComputedStyle(element).overflow);
  for (const element of frame.document.querySelectorAll('*')) {
    if (element === frame.document.documentElement || scrolls(element)) recreateScrollbars(element);
  }
}

function recreateScrollbars(element) {
  const before = element.getAttribute('style');
  element.style.setProperty('overflow', 'hidden', 'important');
  void element.offsetHeight;
  if (before === null) element.removeAttribute('style');
  else element.setAttribute('style', before);
}

function install(frame) {
  try {
    if (frame.document.__tintypePrepared) return;
    hideScrollbars(frame);
    if (!frame.__tintype?.isOf(frame.document)) frame.eval(library);
    Object.defineProperty(frame.document, '__tintypePrepared', { value: true });
  } catch {
    return;
  }
  for (const inner of frame.__tintype.frameWindows()) install(inner);
}

// WebKit does not report the status of a document: it is requested again.
async function status() {
  if (!location.protocol.startsWith('http')) return 0;
  for (const method of ['HEAD', 'GET']) {
    const answer = await fetch(location.href, { method });
    // Some servers do not support HEAD and answer with various errors.
    if (answer.ok || method === 'GET') return answer.status;
  }
}

status()
  .catch(() => 0)
  .then((code) => {
    const entry = window.PerformanceNavigationTiming?.prototype;
    if (entry && !('responseStatus' in entry)) {
      Object.defineProperty(entry, 'responseStatus', { get: () => code, configurable: true });
    }
    install(window);
    done(true);
  });
