/** The chosen track of a film in numbers: its point, and what it follows in the music. @module */

import { h } from './dom.js';
import { rangeOf } from './film-curves.js';
import { sliderRow } from './widgets.js';

const SOURCES = ['', 'loud', 'low', 'mid', 'high', 'onsets', 'beats'];
const EASES = ['soft', 'even', 'start', 'stop', 'hold'];
const TIMES = { attack: [2, 0.02], decay: [5, 0.3], delay: [2, 0] }; // most and usual, in seconds

/**
 * @param {any} atelier
 * @param {{name: (element: HTMLElement, parameter: string) => HTMLElement, put: (patch: any) => void, place: (moved: any) => void, drop: () => void, remove: () => void}} told
 */
export function trackSettings({ words }, { name, put, place, drop, remove }) {
  const root = h('div', { class: 'rows film-settings' });
  let track = /** @type {any} */ (null);
  let built = '';
  let rows = /** @type {(() => void)[]} */ ([]);
  let point = 0;

  const select = (act, options, spell, use) => {
    const box = h('select', { id: `film-${act}`, 'data-act': `film-${act}`, onchange: () => use(box.value) },
      ...options.map((one) => words.put(h('option', { value: one }), spell(one))));
    const title = words.put(words.put(h('label', { for: box.id, class: 'row-name' }), `film.${act}`), `film.${act}_tip`, {}, 'tip');
    return { box, root: h('div', { class: 'film-row' }, title, box) };
  };
  const button = (deed, run) => words.put(h('button', { type: 'button', class: 'button', 'data-act': `film-${deed}`, onclick: run }), `film.${deed}`);
  const build = () => {
    const [least, most] = rangeOf(track.parameter);
    const value = sliderRow(words, { name: 'film-value', label: ['film.value'], tip: 'film.value_tip', min: least, max: most, step: (most - least) / 200,
      usual: Math.max(least, 0), input: (one, { rest }) => rest && place({ value: one }) });
    const onward = select('onward', EASES, (one) => `film.ease_${one}`, (ease) => place({ ease }));
    const follow = select('follow', SOURCES, (one) => (one ? `film.follow_${one}` : 'film.follow_none'), (source) => {
      const usual = Object.fromEntries(Object.entries(TIMES).map(([key, [, one]]) => [key, one]));
      put({ follow: source ? { amount: (most - least) / 4, ...usual, ...track.follow, source } : undefined });
    });
    const slider = (key, low, high, usual) => sliderRow(words, { name: `film-${key}`, label: [`film.${key}`], tip: `film.${key}_tip`, min: low, max: high,
      step: (high - low) / 200, usual, input: (one, { rest }) => rest && put({ follow: { ...track.follow, [key]: one } }) });
    const amounts = track.follow ? { amount: slider('amount', least - most, most - least, 0),
      ...Object.fromEntries(Object.entries(TIMES).map(([key, [high, usual]]) => [key, slider(key, 0, high, usual)])) } : {};
    const forget = button('drop_point', drop);
    rows = [
      () => value.show(track.points[point].value),
      () => { onward.box.value = track.points[point].ease; },
      () => { follow.box.value = track.follow?.source ?? ''; },
      () => { forget.disabled = track.points.length < 2; },
      ...Object.entries(amounts).map(([key, row]) => () => row.show(track.follow[key])),
    ];
    root.replaceChildren(name(h('h3', { class: 'film-track-title' }), track.parameter), value.root, onward.root, follow.root,
      ...Object.values(amounts).map((row) => row.root), h('div', { class: 'buttons' }, forget, button('drop_track', remove)));
    return follow;
  };
  let follow = /** @type {any} */ (null);

  return {
    root,
    /** @param {any} next the chosen track, if any @param {number} number of its point @param {boolean} musical whether there is something to follow */
    show: (next, number, musical) => {
      [track, point] = [next, Math.min(number, (next?.points.length ?? 1) - 1)];
      root.hidden = !track;
      if (!track) {
        built = '';
        return;
      }
      const wanted = `${track.parameter} ${Boolean(track.follow)}`;
      if (built !== wanted) follow = build();
      built = wanted;
      follow.root.hidden = !musical && !track.follow;
      for (const row of rows) row();
    },
  };
}
