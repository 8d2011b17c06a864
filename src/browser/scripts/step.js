// What steps ask of a page. Evaluated when a step needs it: an answer with a
// `reason` says why the step cannot be done yet.
((ask, selector, value) => {
  const element = __tintype.first(selector);
  if (!element) return { reason: 'no element matches' };

  function name(element) {
    return `${element.localName}${element.id ? `#${element.id}` : ''}`;
  }

  function contains(outer, inner) {
    for (let at = inner; at; at = at.parentNode ?? at.host) if (at === outer) return true;
    return false;
  }

  // The element at a point, below all shadow roots that are open.
  function at(x, y) {
    let root = document;
    for (let found = null; ; root = found.shadowRoot) {
      const next = root.elementFromPoint(x, y);
      if (!next || next === found) return found;
      found = next;
      if (!found.shadowRoot) return found;
    }
  }

  function box() {
    const { left, top, right, bottom } = element.getBoundingClientRect();
    return { left, top, right, bottom, empty: right - left <= 0 || bottom - top <= 0 };
  }

  function reveal() {
    const { left, top, right, bottom } = box();
    const inside = left >= 0 && top >= 0 && right <= innerWidth && bottom <= innerHeight;
    if (!inside) element.scrollIntoView({ block: 'center', inline: 'center', behavior: 'instant' });
  }

  function invisible() {
    if (box().empty) return 'it has no size';
    if (getComputedStyle(element).visibility !== 'visible') return 'it is not visible';
    return null;
  }

  // Where the mouse has to go.
  function point() {
    const hidden = invisible();
    if (hidden) return { reason: hidden };
    reveal();
    const { left, top, right, bottom } = box();
    const middle = (from, to, most) => Math.floor((Math.max(from, 0) + Math.min(to, most)) / 2);
    const x = middle(left, right, innerWidth);
    const y = middle(top, bottom, innerHeight);
    const hit = at(x, y);
    if (!hit) return { reason: 'it cannot be scrolled into view' };
    const label = hit.closest?.('label')?.control === element;
    if (!contains(element, hit) && !contains(hit, element) && !label) return { reason: `it is covered by ${name(hit)}` };
    if (value === 'click' && element.matches(':disabled')) return { reason: 'it is disabled' };
    return { x, y };
  }

  function focused() {
    let active = document.activeElement;
    while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
    return active;
  }

  // `:focus-visible` is what a person with a keyboard sees.
  function focus() {
    if (invisible()) return { reason: invisible() };
    element.focus({ focusVisible: true });
    return contains(element, focused()) ? {} : { reason: 'it cannot have the focus' };
  }

  // Focus in a field, and all that it holds selected.
  function field() {
    if (!element.isContentEditable && !element.matches('input, textarea')) return { reason: 'it is no field' };
    if (element.matches(':disabled, :read-only') && !element.isContentEditable) return { reason: 'it cannot be written into' };
    const answer = focus();
    if (answer.reason) return answer;
    if (element.isContentEditable) getSelection().selectAllChildren(element);
    else element.select();
    return {};
  }

  function select() {
    if (element.localName !== 'select') return { reason: 'it is no <select>' };
    if (element.matches(':disabled')) return { reason: 'it is disabled' };
    const options = [...element.options];
    const option = options.find((each) => each.value === value) ?? options.find((each) => each.text === value);
    if (!option) return { reason: 'it has no such option' };
    option.selected = true;
    element.dispatchEvent(new Event('input', { bubbles: true, composed: true }));
    element.dispatchEvent(new Event('change', { bubbles: true }));
    return {};
  }

  function scroll() {
    element.scrollIntoView({ block: 'center', inline: 'nearest', behavior: 'instant' });
    return {};
  }

  function there() {
    return box().empty ? { reason: 'it has no size' } : {};
  }

  return { point, focus, field, select, scroll, there }[ask]();
})
