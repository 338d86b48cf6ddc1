/** Where many share a studio: how long it keeps what is saved. @module */

import { h } from './dom.js';

/** The notice, where the page says for how many days; nothing where they are kept for ever. @param {import('./words.js').Words} words @returns {HTMLElement[]} */
export function keptNotice(words) {
  const days = document.querySelector('meta[name=atelier-keep-days]')?.getAttribute('content');
  return days ? [words.put(h('p', { class: 'album-kept quiet', role: 'note' }), 'gallery.kept', { days })] : [];
}
