/** Pictures of the gallery under the hand: dragged onto a collection, or to another place in one. A finger holds a moment first. @module */

import { h } from './dom.js';
import { layer } from './dialog.js';

const FAR = 6; // pixels after which a mouse drags
const HOLD = 350; // ms that a finger rests before it drags

/**
 * @param {HTMLElement} grid
 * @param {{ids: (cell: HTMLElement) => string[], mayPlace: () => boolean, drop: (ids: string[], collection: string) => void,
 *   place: (ids: string[], beside: string, after: boolean) => void}} told
 */
export function draggable(grid, { ids, mayPlace, drop, place }) {
  let from = /** @type {{cell: HTMLElement, x: number, y: number, timer: number, pointer: number}|null} */ (null);
  let held = /** @type {{ids: string[], ghost: HTMLElement, over: Element|null, after: boolean}|null} */ (null);

  const begin = (x, y) => {
    const chosen = ids(from.cell);
    const ghost = h('div', { class: 'drag-ghost', 'aria-hidden': 'true' }, from.cell.querySelector('img')?.cloneNode(), chosen.length > 1 && h('b', {}, String(chosen.length)));
    layer().append(ghost);
    held = { ids: chosen, ghost, over: null, after: false };
    document.documentElement.classList.add('dragging-pictures');
    move(x, y);
  };
  const mark = (element, after) => {
    held.over?.classList.remove('drop-here', 'drop-before', 'drop-after');
    held.over = element;
    held.after = after;
    element?.classList.add(element.matches('.shelf-card') ? 'drop-here' : after ? 'drop-after' : 'drop-before');
  };
  const move = (x, y) => {
    held.ghost.style.translate = `${x}px ${y}px`;
    const under = document.elementFromPoint(x, y);
    const card = under?.closest('.shelf-card[data-collection]:not([data-collection=""])');
    const cell = !card && mayPlace() && under?.closest('.album-cell');
    const box = cell && cell.getBoundingClientRect();
    mark(card || cell || null, Boolean(box && x > box.left + box.width / 2));
  };
  const end = (event, whole) => {
    if (from) clearTimeout(from.timer);
    from = null;
    if (!held) return;
    const { ids: chosen, over, after, ghost } = held;
    mark(null, false);
    ghost.remove();
    held = null;
    document.documentElement.classList.remove('dragging-pictures');
    // The click that ends a drag opens nothing.
    const swallow = (click) => click.stopPropagation();
    grid.addEventListener('click', swallow, { capture: true, once: true });
    setTimeout(() => grid.removeEventListener('click', swallow, true), 50);
    const { collection, id } = /** @type {HTMLElement|null} */ (over)?.dataset ?? {};
    if (whole && collection) drop(chosen, collection);
    else if (whole && id && !chosen.includes(id)) place(chosen, id, after);
  };

  grid.addEventListener('pointerdown', (event) => {
    const cell = /** @type {HTMLElement|null} */ (event.target instanceof Element && !event.target.closest('.album-tick') ? event.target.closest('.album-cell') : null);
    if (!cell || event.button || !event.isPrimary) return;
    const { clientX: x, clientY: y } = event;
    from = { cell, x, y, pointer: event.pointerId, timer: event.pointerType === 'mouse' ? 0 : window.setTimeout(() => from && begin(x, y), HOLD) };
  });
  document.addEventListener('pointermove', (event) => {
    if (!from || event.pointerId !== from.pointer) return;
    const { clientX: x, clientY: y } = event;
    if (held) return move(x, y);
    if (Math.hypot(x - from.x, y - from.y) < FAR) return;
    if (event.pointerType === 'mouse') begin(x, y);
    else end(event, false); // the finger scrolls
  });
  document.addEventListener('pointerup', (event) => end(event, true));
  document.addEventListener('pointercancel', (event) => end(event, false));
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || !held) return;
    event.stopPropagation();
    end(event, false);
  }, true);
  grid.addEventListener('touchmove', (event) => held && event.preventDefault(), { passive: false });
  grid.addEventListener('contextmenu', (event) => held && event.preventDefault());
}
