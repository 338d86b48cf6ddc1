/** Light and dark: what the machine prefers at first, then what the visitor chose. @module */

import { storage } from './storage.js';

const KEPT = 'atelier.theme';

export function openTheme() {
  const prefers = matchMedia('(prefers-color-scheme: dark)');
  let theme = storage.getItem(KEPT) ?? (prefers.matches ? 'dark' : 'light');
  const apply = () => {
    if (document.documentElement.dataset.theme !== theme) document.documentElement.dataset.theme = theme;
    if (document.body.classList.contains('dark') !== (theme === 'dark')) document.body.classList.toggle('dark', theme === 'dark');
  };
  // Gradio sets the class by itself when it starts and when the machine changes its mind; the visitor's choice stands.
  new MutationObserver(apply).observe(document.body, { attributes: true, attributeFilter: ['class'] });
  prefers.addEventListener('change', () => {
    if (storage.getItem(KEPT)) return;
    theme = prefers.matches ? 'dark' : 'light';
    apply();
  });
  apply();
  return {
    get now() {
      return theme;
    },
    toggle() {
      theme = theme === 'dark' ? 'light' : 'dark';
      storage.setItem(KEPT, theme);
      apply();
    },
  };
}
