/** The tracks of a film: a lane each under the timeline to draw a curve on, and what a lane follows. @module */

import { UNNAMED } from './directions.js';
import { clamp, h, round } from './dom.js';
import { reading, rangeOf } from './film-curves.js';
import { trackSettings } from './film-track-settings.js';

const MOST = 8; // tracks
const MOST_POINTS = 64;
const APART = 0.02; // seconds between two points
const SAMPLES = 400;
const NAMES = { truncation: 'truncation.name', variation: 'variation.name', temperature: 'brush.temperature', noise: 'noise.turn' };

/**
 * @param {any} atelier
 * @param {{film: () => any, change: (patch: any) => void, heard: () => any}} told
 */
export function filmTracks(atelier, { film, change, heard }) {
  const { words, state, own } = atelier;
  let chosen = { parameter: '', point: 0 };
  const lanes = h('div', { class: 'film-tracks' });
  const name = (element, parameter, slot = 'text') => (NAMES[parameter] ? words.put(element, NAMES[parameter], {}, slot)
    : words.put(element, parameter.slice('direction:'.length), { $kind: 'direction' }, slot));

  /** What of a generator a track can move. @param {string} generator @returns {string[]} */
  const possible = (generator) => {
    const { has_truncation: truncates, has_noise: noisy, draws_strokes: written, directions = {} } = state.declared(generator);
    const named = Object.keys(directions).filter((one) => !UNNAMED.test(one));
    return [truncates && 'truncation', 'variation', written && 'temperature', noisy && !written && 'noise',
      ...[...named, ...own.of(generator).map(({ id }) => id)].map((one) => `direction:${one}`)].filter(Boolean);
  };
  const generator = () => film().keys[0]?.recipe.generator;
  const at = () => film().tracks.findIndex(({ parameter }) => parameter === chosen.parameter);
  const put = (k, patch) => change({ tracks: film().tracks.map((track, i) => (i === k ? { ...track, ...patch } : track)) });
  const choose = (parameter, point = 0) => {
    chosen = { parameter, point };
    show();
  };
  const remove = (k) => change({ tracks: film().tracks.filter((_, i) => i !== k) });
  const place = (k, point, moved) => {
    const { tracks } = film();
    const points = tracks[k].points.map((one, i) => (i === point ? { ...one, ...moved } : one));
    put(k, { points });
  };
  const add = (k, moment, value) => {
    const { points } = film().tracks[k];
    if (points.length >= MOST_POINTS || points.some((one) => Math.abs(one.at - moment) < APART)) return;
    const more = [...points, { at: moment, value, ease: 'soft' }].sort((a, b) => a.at - b.at);
    chosen = { parameter: film().tracks[k].parameter, point: more.findIndex((one) => one.at === moment) };
    put(k, { points: more });
  };
  const drop = (k, point) => {
    const { points } = film().tracks[k];
    if (points.length < 2) return;
    chosen.point = Math.max(0, point - 1);
    put(k, { points: points.filter((_, i) => i !== point) });
  };

  const adding = words.put(h('select', { 'data-act': 'film-track', onchange: () => {
    const [parameter, recipe] = [adding.value, film().keys[0]?.recipe ?? {}];
    adding.value = '';
    const usual = { truncation: recipe.truncation ?? 1, temperature: recipe.temperature ?? 0.25 }[parameter] ?? 0;
    chosen = { parameter, point: 0 };
    change({ tracks: [...film().tracks, { parameter, points: [{ at: 0, value: usual, ease: 'soft' }] }] });
  } }), 'film.track', {}, 'label');
  const settings = trackSettings(atelier, { name, put: (patch) => put(at(), patch), place: (moved) => place(at(), chosen.point, moved),
    drop: () => drop(at(), chosen.point), remove: () => remove(at()) });
  const drift = h('input', { type: 'checkbox', id: 'film-drift', 'data-act': 'film-drift', onchange: () => change({ drift: drift.checked }) });
  const drifting = h('p', { class: 'film-check' }, drift, words.put(words.put(h('label', { for: drift.id }), 'film.drift'), 'film.drift_tip', {}, 'tip'));
  const root = h('div', { class: 'film-part' }, drifting, adding, settings.root);

  /** A lane: its name, its curve, and its points. @param {string} parameter */
  const lane = (parameter) => {
    const [least, most] = rangeOf(parameter);
    const path = (kind) => {
      const made = document.createElementNS('http://www.w3.org/2000/svg', 'path');
      made.setAttribute('class', kind);
      return made;
    };
    const [moved, curve, zero] = [path('film-moved'), path('film-drawn'), path('film-zero')];
    const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    svg.setAttribute('viewBox', '0 0 1 1');
    svg.setAttribute('preserveAspectRatio', 'none');
    svg.setAttribute('aria-hidden', 'true');
    svg.append(zero, moved, curve);
    const title = name(h('button', { type: 'button', class: 'film-track-name', onclick: () => choose(parameter) }), parameter);
    const field = h('div', { class: 'film-curve' }, svg);
    const root = h('div', { class: 'film-track', 'data-parameter': parameter }, title, field);
    const k = () => film().tracks.findIndex((track) => track.parameter === parameter);
    const height = (value) => 1 - (value - least) / (most - least);
    const spot = ({ clientX, clientY }) => {
      const box = field.getBoundingClientRect();
      const [x, y] = [clamp((clientX - box.left) / box.width, 0, 1), clamp((clientY - box.top) / box.height, 0, 1)];
      return { at: round(x * film().seconds, 2), value: round(most - y * (most - least), 3) };
    };
    field.addEventListener('click', (event) => event.target === field && add(k(), spot(event).at, spot(event).value));
    const draw = (track) => {
      const { seconds } = film();
      const line = (value) => Array.from({ length: SAMPLES + 1 }, (_, i) => `${i / SAMPLES} ${height(value((i / SAMPLES) * seconds)).toFixed(4)}`);
      const plain = line(reading({ ...track, follow: null }, film(), null));
      curve.setAttribute('d', `M${plain.join('L')}`);
      const follows = track.follow && heard();
      moved.setAttribute('d', follows ? `M${[...line(reading(track, film(), heard())), ...plain.toReversed()].join('L')}Z` : '');
      zero.setAttribute('d', least < 0 ? 'M0 0.5L1 0.5' : '');
    };
    const point = (number) => {
      const button = h('button', { type: 'button', class: 'film-point', onclick: () => choose(parameter, number) });
      let now = /** @type {{at: number, value: number}|null} */ (null);
      const within = (one) => {
        const { points } = film().tracks[k()];
        return { ...one, at: clamp(one.at, (points[number - 1]?.at ?? -APART) + APART, (points[number + 1]?.at ?? film().seconds + APART) - APART) };
      };
      button.addEventListener('pointerdown', (event) => button.setPointerCapture(event.pointerId));
      button.addEventListener('pointermove', (event) => {
        if (!button.hasPointerCapture(event.pointerId)) return;
        now = within(spot(event));
        set(button, now);
        const track = film().tracks[k()];
        draw({ ...track, points: track.points.map((one, i) => (i === number ? { ...one, ...now } : one)) });
      });
      for (const end of ['pointerup', 'pointercancel']) {
        button.addEventListener(end, () => {
          if (now) {
            chosen = { parameter, point: number };
            place(k(), number, now);
          }
          now = null;
        });
      }
      button.addEventListener('keydown', (event) => {
        const { key } = event;
        const [x, y] = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, 0.02], ArrowDown: [0, -0.02] }[key] ?? [0, 0];
        const one = film().tracks[k()].points[number];
        if (x || y) place(k(), number, within({ at: round(one.at + x, 2), value: round(clamp(one.value + y * (most - least), least, most), 3) }));
        else if (key === 'Delete' || key === 'Backspace') drop(k(), number);
        else return;
        event.preventDefault();
        (field.querySelectorAll('.film-point')[Math.min(number, field.querySelectorAll('.film-point').length - 1)])?.focus();
      });
      return button;
    };
    const set = (button, one) => {
      button.style.setProperty('--x', String(clamp(one.at / film().seconds, 0, 1)));
      button.style.setProperty('--y', String(height(one.value)));
      words.put(button, 'film.point', { at: one.at.toFixed(1), value: one.value.toFixed(2) }, 'label');
    };
    return { root, show: (track) => {
      const buttons = [...field.querySelectorAll('.film-point')];
      while (buttons.length > track.points.length) buttons.pop()?.remove();
      track.points.forEach((one, number) => {
        const button = buttons[number] ?? field.appendChild(point(number));
        set(button, one);
        button.setAttribute('aria-pressed', String(parameter === chosen.parameter && number === chosen.point));
      });
      title.setAttribute('aria-pressed', String(parameter === chosen.parameter));
      draw(track);
    } };
  };
  const made = /** @type {Map<string, ReturnType<typeof lane>>} */ (new Map());

  const show = () => {
    const { tracks } = film();
    const free = generator() && tracks.length < MOST ? possible(generator()).filter((one) => !tracks.some(({ parameter }) => parameter === one)) : [];
    adding.replaceChildren(words.put(h('option', { value: '' }), 'film.track'), ...free.map((one) => name(h('option', { value: one }), one)));
    adding.disabled = !free.length;
    drift.checked = film().drift;
    drifting.hidden = !possible(generator()).includes('noise');
    if (at() < 0) chosen = { parameter: tracks[0]?.parameter ?? '', point: 0 };
    for (const { parameter } of tracks) if (!made.has(parameter)) made.set(parameter, lane(parameter));
    const wanted = tracks.map(({ parameter }) => made.get(parameter)?.root);
    if (wanted.some((one, k) => lanes.children[k] !== one) || lanes.children.length !== wanted.length) lanes.replaceChildren(...wanted);
    for (const track of tracks) made.get(track.parameter)?.show(track);
    settings.show(tracks[at()] ?? null, chosen.point, Boolean(film().music));
  };
  return { root, lanes, show, possible };
}
