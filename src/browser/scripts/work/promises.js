// Counts work of the browser that takes real time. Page time hardly passes until
// it is done.
const { EventTarget, Proxy, Reflect } = window;
const { addEventListener: listen } = EventTarget.prototype;
let pendingWork = 0;

function startWork() {
  let isDone = false;
  pendingWork += 1;
  return () => {
    if (!isDone) pendingWork -= 1;
    isDone = true;
  };
}

function wrap(owner, names, call) {
  for (const name of names) {
    const original = owner?.[name];
    if (typeof original !== 'function') continue;
    owner[name] = {
      [name](...given) { return call(original, this, given); },
    }[name];
  }
}

// Calls that return a promise.
function countPromise(original, owner, given) {
  const result = apply(original, owner, given);
  afterwards(result, startWork());
  return result;
}

// Calls after which an object fires one of these events.
function countUntilEvent(...events) {
  return (original, owner, given) => {
    const result = apply(original, owner, given);
    const done = startWork();
    for (const event of events) {
      apply(listen, result ?? owner, [event, done]);
    }
    return result;
  };
}

// Calls whose first argument is called back.
function countUntilCallback(original, owner, [callback, ...rest]) {
  if (typeof callback !== 'function') return apply(original, owner, [callback, ...rest]);
  const done = startWork();
  const answer = function (...values) {
    done();
    return apply(callback, this, values);
  };
  return apply(original, owner, [answer, ...rest]);
}

wrap(window.WebAssembly, ['compile', 'instantiate'], countPromise);
wrap(window.WebAssembly, ['compileStreaming', 'instantiateStreaming'], countPromise);
wrap(window, ['createImageBitmap'], countPromise);
wrap(HTMLImageElement.prototype, ['decode'], countPromise);
wrap(HTMLCanvasElement.prototype, ['toBlob'], countUntilCallback);
wrap(window.OffscreenCanvas?.prototype, ['convertToBlob'], countPromise);
wrap(window.BaseAudioContext?.prototype, ['decodeAudioData'], countPromise);
wrap(window.OfflineAudioContext?.prototype, ['startRendering'], countPromise);
wrap(Blob.prototype, ['arrayBuffer', 'bytes', 'text'], countPromise);
for (const body of [Request.prototype, Response.prototype]) {
  wrap(body, ['arrayBuffer', 'blob', 'bytes', 'formData', 'json', 'text'], countPromise);
}
const reads = ['readAsArrayBuffer', 'readAsBinaryString', 'readAsDataURL', 'readAsText'];
wrap(FileReader.prototype, reads, countUntilEvent('loadend'));
wrap(window.SubtleCrypto?.prototype, [
  'decrypt', 'deriveBits', 'deriveKey', 'digest', 'encrypt', 'exportKey', 'generateKey',
  'importKey', 'sign', 'unwrapKey', 'verify', 'wrapKey',
], countPromise);

wrap(window.IDBFactory?.prototype, ['databases'], countPromise);
const opening = countUntilEvent('success', 'error', 'blocked');
wrap(window.IDBFactory?.prototype, ['open', 'deleteDatabase'], opening);
// It lasts as long as the requests in it.
wrap(window.IDBDatabase?.prototype, ['transaction'], countUntilEvent('complete', 'abort'));
wrap(window.CacheStorage?.prototype, ['delete', 'has', 'keys', 'match', 'open'], countPromise);
wrap(window.Cache?.prototype, [
  'add', 'addAll', 'delete', 'keys', 'match', 'matchAll', 'put',
], countPromise);
wrap(window.StorageManager?.prototype, ['estimate', 'getDirectory'], countPromise);
wrap(window.Permissions?.prototype, ['query'], countPromise);
wrap(window.MediaCapabilities?.prototype, ['decodingInfo', 'encodingInfo'], countPromise);
wrap(window.GPU?.prototype, ['requestAdapter'], countPromise);
