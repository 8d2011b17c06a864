// Inputs of the screenshot other than the loaded files, and
// whether the page keeps data that outlives it.
const untracked = new Set();
let usesStorage = false;

function observe(owner, method, callback) {
  const original = owner?.[method];
  if (typeof original !== 'function') return;
  owner[method] = function (...args) {
    callback();
    return Reflect.apply(original, this, args);
  };
}

observe(window.ServiceWorkerContainer?.prototype, 'register', () => {
  untracked.add('a service worker');
  usesStorage = true;
});
for (const method of ['clearResourceTimings', 'setResourceTimingBufferSize']) {
  observe(window.Performance?.prototype, method, () => {
    untracked.add('it changes the list of what it has loaded');
  });
}
observe(window.IDBFactory?.prototype, 'open', () => { usesStorage = true; });
observe(window.CacheStorage?.prototype, 'open', () => { usesStorage = true; });

for (const name of [
  'WebSocket', 'EventSource', 'Worker', 'SharedWorker', 'RTCPeerConnection', 'WebTransport',
]) {
  const original = window[name];
  if (!original) continue;
  window[name] = new Proxy(original, {
    construct(target, args, newTarget) {
      untracked.add(`a ${name}`);
      return Reflect.construct(target, args, newTarget);
    },
  });
}

function storageSize() {
  try {
    return window.localStorage.length + window.sessionStorage.length;
  } catch {
    return 0;
  }
}

// Whether the page has stored anything that later pages would find.
function hasStoredData() {
  return usesStorage || storageSize() > 0 || getCookie() !== '';
}
