/** A saved film: it plays where the pointer or the keyboard is, and large. @module */

import { calm, h } from './dom.js';

/** @typedef {import('./gallery-album.js').Entry} Entry */

/** What shows a film moving; nothing where its format is a ZIP of pictures. @param {Entry} entry @param {string} address @param {object} [given] */
export function filmPlayer(entry, address, given = {}) {
  if (['mp4', 'webm'].includes(entry.film)) return h('video', { src: address, muted: true, loop: true, autoplay: true, playsinline: true, ...given });
  return ['webp', 'gif'].includes(entry.film) ? h('img', { src: address, alt: '', draggable: 'false' }) : null;
}

/** Films in a grid play while they are looked at. @param {HTMLElement} grid @param {(cell: HTMLElement) => Entry|undefined} entryOf @param {(entry: Entry) => string} address */
export function playOnHover(grid, entryOf, address) {
  const cellOf = ({ target }) => /** @type {HTMLElement|null} */ (target instanceof Element ? target.closest('.album-cell[data-film]') : null);
  const begin = (event) => {
    const cell = cellOf(event);
    const entry = cell && !calm() && !cell.querySelector('.album-moving') && entryOf(cell);
    const player = entry && filmPlayer(entry, address(entry));
    if (!player) return;
    player.classList.add('album-moving');
    player.muted = true; // an attribute that is set by script does not silence it
    cell.append(player);
  };
  const end = (event) => {
    const cell = cellOf(event);
    if (cell && !cell.contains(event.relatedTarget)) cell.querySelector('.album-moving')?.remove();
  };
  grid.addEventListener('pointerover', (event) => event.pointerType === 'mouse' && begin(event));
  grid.addEventListener('pointerout', end);
  grid.addEventListener('focusin', begin);
  grid.addEventListener('focusout', end);
}
