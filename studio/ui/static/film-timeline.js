/** The timeline: a film's pictures at their moments, dragged to others, and the place that is played. @module */

import { clamp, h, round } from './dom.js';
import { keyOf } from './state.js';

/**
 * @param {any} atelier
 * @param {{seek: (at: number) => void, rest: () => void, choose: (number: number) => void, move: (number: number, at: number, rest: boolean) => void}} told
 */
export function timeline(atelier, { seek, rest, choose, move }) {
  const { words, state, live } = atelier;
  const scrub = words.put(h('input', { type: 'range', min: 0, max: 1, step: 0.001, class: 'film-scrub', 'data-role': 'scrub' }), 'film.scrub', {}, 'label');
  const clock = h('output', { class: 'film-clock' });
  const track = h('div', { class: 'film-keys' });
  const rows = h('div', { class: 'film-rows' }, track);
  const root = h('div', { class: 'film-time' }, h('div', { class: 'film-scrub-row' }, scrub, clock), rows);
  const thumbs = /** @type {Map<string, HTMLCanvasElement>} */ (new Map());
  let now = /** @type {any} */ ({ keys: [], seconds: 1 });

  scrub.addEventListener('input', () => seek(scrub.valueAsNumber * now.seconds));
  scrub.addEventListener('change', rest);

  const thumb = (recipe) => {
    const { size, rendering } = state.declared(recipe.generator);
    const canvas = h('canvas', { width: size, height: size, 'data-rendering': rendering });
    live.sheet([recipe], { cell: (_, picture) => canvas.getContext('2d').drawImage(picture, 0, 0, size, size) });
    return canvas;
  };
  const place = (button, at) => button.style.setProperty('--at', String(at / now.seconds));
  const key = (number) => {
    const button = h('button', { type: 'button', class: 'film-key', 'data-key': number, onclick: () => choose(number) });
    let from = /** @type {{x: number, at: number}|null} */ (null);
    const moment = ({ clientX }) => {
      const [low, high] = [(now.keys[number - 1]?.at ?? -0.1) + 0.1, (now.keys[number + 1]?.at ?? now.seconds) - 0.1];
      return round(clamp((from?.at ?? 0) + ((clientX - (from?.x ?? 0)) / track.clientWidth) * now.seconds, low, high), 2);
    };
    button.addEventListener('pointerdown', (event) => {
      if (number === 0) return; // a film begins with its first picture
      from = { x: event.clientX, at: now.keys[number].at };
      button.setPointerCapture(event.pointerId);
    });
    button.addEventListener('pointermove', (event) => from && Math.abs(event.clientX - from.x) > 3 && place(button, moment(event)));
    const let_go = (event) => {
      if (!from) return;
      const [at, moved] = [moment(event), Math.abs(event.clientX - from.x) > 3];
      from = null;
      if (moved) move(number, at, true);
    };
    button.addEventListener('pointerup', let_go);
    button.addEventListener('pointercancel', let_go);
    button.addEventListener('keydown', (event) => {
      const by = { ArrowLeft: -0.1, ArrowRight: 0.1 }[event.key];
      if (!by || number === 0) return;
      event.preventDefault();
      from = { x: 0, at: now.keys[number].at };
      move(number, moment({ clientX: (by / now.seconds) * track.clientWidth }), true);
      from = null;
      track.children[number]?.focus();
    });
    return button;
  };
  const show = (film, chosen, at) => {
    now = film;
    scrub.value = String(at / film.seconds);
    scrub.style.setProperty('--fill', `${(100 * at) / film.seconds}%`);
    rows.style.setProperty('--now', String(at / film.seconds));
    clock.textContent = `${at.toFixed(1)} / ${film.seconds.toFixed(1)} s`;
    while (track.children.length > film.keys.length) track.lastChild?.remove();
    film.keys.forEach((one, number) => {
      const button = /** @type {HTMLElement} */ (track.children[number] ?? track.appendChild(key(number)));
      const name = keyOf(one.recipe) + one.recipe.generator;
      if (button.dataset.picture !== name) {
        button.dataset.picture = name;
        if (!thumbs.has(name)) thumbs.set(name, thumb(one.recipe));
        const own = /** @type {HTMLCanvasElement} */ (thumbs.get(name));
        button.replaceChildren(own.parentElement && own.parentElement !== button ? thumb(one.recipe) : own);
      }
      words.put(button, 'film.key', { number: number + 1, at: one.at.toFixed(1) }, 'label');
      button.setAttribute('aria-pressed', String(number === chosen));
      place(button, one.at);
    });
  };
  return { root, rows, show };
}
