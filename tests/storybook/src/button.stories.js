export default {
  title: 'Controls/Button',
  args: { label: 'Save', kind: 'plain', large: false, disabled: false },
  render: ({ label, kind, large, disabled, style }) => {
    const button = document.createElement('button');
    button.className = `button ${kind} ${large ? 'large' : ''}`;
    button.textContent = label;
    button.disabled = disabled;
    Object.assign(button.style, style);
    return button;
  },
};

export const Plain = {};
export const Primary = { args: { kind: 'primary' } };
export const Large = { args: { large: true } };
export const Disabled = { args: { disabled: true } };
export const LongLabel = { args: { label: 'Save everything and close all windows' } };
export const Coloured = { args: { style: { color: '#b3261e' } } };
