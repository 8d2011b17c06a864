// Requests that scripts have sent and that are not complete, by their address.
const openRequests = new Map();

function beginRequest(address) {
  const key = Symbol();
  openRequests.set(key, String(address));
  return () => openRequests.delete(key);
}

const originalFetch = window.fetch;
window.fetch = function (resource, options) {
  const end = beginRequest(resource?.url ?? resource);
  const response = Reflect.apply(originalFetch, this, [resource, options]);
  response.then(end, end);
  return response;
};

const originalOpen = XMLHttpRequest.prototype.open;
const originalSend = XMLHttpRequest.prototype.send;
const openedRequests = new WeakMap();
XMLHttpRequest.prototype.open = function (...args) {
  // A second `open` aborts the request without an event.
  openedRequests.get(this)?.end?.();
  const isAsync = args.length < 3 || Boolean(args[2]);
  openedRequests.set(this, { address: args[1], isAsync });
  return Reflect.apply(originalOpen, this, args);
};
XMLHttpRequest.prototype.send = function (...args) {
  const opened = openedRequests.get(this);
  if (!opened?.isAsync) return Reflect.apply(originalSend, this, args);
  opened.end = beginRequest(opened.address);
  this.addEventListener('loadend', opened.end, { once: true });
  try {
    return Reflect.apply(originalSend, this, args);
  } catch (error) {
    opened.end();
    throw error;
  }
};

function pendingRequests() {
  return [...openRequests.values()].map((address) => ({ step: 'network', detail: address }));
}
