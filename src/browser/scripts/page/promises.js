// A promise that a step waits for. It may need frames, so its result is polled.
let currentPromise = null;

function startPromise(promise) {
  const started = { value: null };
  promise.then(
    (value) => { started.value = Boolean(value); },
    (error) => { started.failure = { error }; },
  );
  currentPromise = started;
}

// Null while the promise is pending; false in a document that has started none.
function promiseResult() {
  if (currentPromise?.failure) throw currentPromise.failure.error;
  return currentPromise ? currentPromise.value : false;
}
