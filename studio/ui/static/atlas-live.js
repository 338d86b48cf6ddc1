/** The live picture, small, where the one in Create is out of sight; a press leads there. @module */

import { h } from './dom.js';
import { paint } from './stage.js';

/** @param {any} atelier */
export function liveInset(atelier) {
  const { live, state, words } = atelier;
  const canvas = h('canvas', { width: 1, height: 1, 'data-role': 'atlas-live' });
  const root = words.put(h('button', { type: 'button', class: 'atlas-live', onclick: () => atelier.openTab('create') }, canvas), 'atlas.to_create', {}, 'label');
  live.on('frame', ({ picture, generator }) => {
    if (root.offsetParent) paint(canvas, picture, state.declared(generator).rendering, 256);
  });
  return words.put(root, 'atlas.to_create', {}, 'tip');
}
