// A dialog would block the page until it is answered.
window.alert = () => {};
window.confirm = () => false;
window.prompt = () => null;
window.print = () => {};
