// The requests of the page, as the browser lists them.
const MAX_RESOURCES = 10000;
const getEntriesByType = performance.getEntriesByType.bind(performance);
performance.setResourceTimingBufferSize(MAX_RESOURCES);

// The HTTP status of the document; 0 if it has none, or if the browser does not
// report it.
let requestedStatus = 0;
function responseStatus() {
  return getEntriesByType('navigation')[0]?.responseStatus || requestedStatus;
}

// The document's address and status, and whether an element is present.
function pageLocation(selector) {
  return [location.href, responseStatus(), Boolean(selector && findFirst(selector))];
}

const OWN_REQUESTS = /\/__tintype_(script\.js|hold)$/;

function resourceAddresses() {
  const addresses = getEntriesByType('resource').map((entry) => entry.name);
  return addresses.filter((address) => !OWN_REQUESTS.test(address));
}

// Requests to other origins. Those of frames are compared with the page's: a frame
// without an address, such as `srcdoc`, has no origin in its location.
function otherOrigins() {
  const isForeign = (address) => (
    address.startsWith('http') && !address.startsWith(`${location.origin}/`)
  );
  const inFrames = frameLibraries().flatMap((frame) => frame.otherOrigins());
  return [...new Set([...resourceAddresses(), ...inFrames].filter(isForeign))];
}

// All files that were loaded, and what else the screenshot depends on.
function pageResources() {
  const addresses = resourceAddresses();
  if (addresses.length >= MAX_RESOURCES) untracked.add('more than 10,000 requests');
  for (const frame of frameElements()) {
    if (!isReachable(frame)) untracked.add(`a frame of another origin (${describe(frame)})`);
  }
  if (window.navigator.serviceWorker?.controller) untracked.add('a service worker');
  const inFrames = frameLibraries().map((frame) => frame.pageResources());
  return {
    files: [...new Set([
      location.href, ...addresses, ...inFrames.flatMap(({ files }) => files),
    ])],
    untracked: [...new Set([
      ...untracked, ...inFrames.flatMap((inner) => inner.untracked),
    ])],
  };
}

// The local storage of the page's origin.
function localStorageItems() {
  return [location.origin, Object.entries(window.localStorage)];
}
