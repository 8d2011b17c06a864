// Native pickers of form controls are windows of the browser: they are in no
// screenshot, and no frame is drawn while one is open. They stay closed.
const nativePickerInputs = 'input:is([type=color], [type=date], [type=datetime-local], '
  + '[type=month], [type=time], [type=week], [type=file])';

function pickerSelect(event) {
  const select = event.composedPath().find((node) => (
    isElement(node) && getLocalName(node) === 'select'
  ));
  if (!select || select.multiple || select.size > 1) return null;
  return getComputedStyle(select).appearance === 'base-select' ? null : select;
}

window.addEventListener('mousedown', (event) => {
  const select = event.button === 0 && pickerSelect(event);
  if (!select) return;
  event.preventDefault();
  select.focus();
}, true);

window.addEventListener('keydown', (event) => {
  const opens = [' ', 'Enter', 'F4'].includes(event.key)
    || (event.altKey && ['ArrowDown', 'ArrowUp'].includes(event.key));
  if (opens && pickerSelect(event)) event.preventDefault();
}, true);

window.addEventListener('click', (event) => {
  const [target] = event.composedPath();
  if (isElement(target) && matches(target, nativePickerInputs)) event.preventDefault();
}, true);

for (const owner of [window.HTMLInputElement, window.HTMLSelectElement]) {
  if (owner?.prototype.showPicker) owner.prototype.showPicker = () => {};
}
