// Prepares a loaded document of WebKit, whose driver cannot do it before.
let isDocumentPrepared = false;
const isPrepared = () => isDocumentPrepared;

// Returns whether the document was not prepared yet.
function prepare() {
  if (isDocumentPrepared) return false;
  isDocumentPrepared = true;
  hideScrollbars();
  return true;
}

const viewportSize = () => [getInnerWidth(), getInnerHeight()];

// Existing scrollbars are hidden by a style only after they were created again.
function hideScrollbars() {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync('* { scrollbar-width: none !important }');
  adoptStyleSheet(document, sheet);
  for (const element of queryNodes(document, '*')) {
    if (element === getRootElement() || hasScrollbars(element)) recreateScrollbars(element);
  }
}

function hasScrollbars(element) {
  return (element.scrollHeight > element.clientHeight || element.scrollWidth > element.clientWidth)
    && /auto|scroll/.test(getComputedStyle(element).overflow);
}

function recreateScrollbars(element) {
  const before = getAttribute(element, 'style');
  element.style.setProperty('overflow', 'hidden', 'important');
  void element.offsetHeight;
  if (before === null) removeAttribute(element, 'style');
  else setAttribute(element, 'style', before);
}

// WebKit does not report the status of a document: it is requested again.
const getRequestStatus = getter(XMLHttpRequest.prototype, 'status');
const getRequestState = getter(XMLHttpRequest.prototype, 'readyState');
const abortRequest = uncurry(XMLHttpRequest.prototype.abort);

async function requestStatus() {
  if (responseStatus() !== 0 || !location.protocol.startsWith('http')) return;
  requestedStatus = await statusOf('HEAD');
  // Some servers do not support HEAD and answer with various errors.
  if (requestedStatus < 200 || requestedStatus > 299) requestedStatus = await statusOf('GET');
}

function statusOf(method) {
  return createPromise((resolve) => {
    const request = new XMLHttpRequest();
    addListener(request, 'readystatechange', () => {
      const state = getRequestState(request);
      if (state >= XMLHttpRequest.HEADERS_RECEIVED) resolve(getRequestStatus(request));
      if (state === XMLHttpRequest.HEADERS_RECEIVED) abortRequest(request);
    });
    apply(originalOpen, request, [method, location.href]);
    apply(originalSend, request, []);
  });
}
