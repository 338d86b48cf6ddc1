/** The few large controls of a generator, from its declaration, each for one finger. @module */

import { UNNAMED } from '../directions.js';
import { clamp, h, round } from '../dom.js';
import { hold } from '../hold.js';
import { corners, inside, outline, sharesOf, tidy, weigh } from '../mixture.js';
import { pad } from '../pad.js';

const ON_CORNERS = [3, 5]; // so many names stand on the corners of a pad; two on the ends of a slider, more on a strip
const WAYS = 2; // directions
const FAR = 3; // standard deviations
const REACH = 4; // positions run over -4..4
const BOLD = [0.3, 1.3]; // psi
const PULL = 12; // pixels that a finger may move and still tap
const CENTRE = 0.5;

/** @typedef {{root: HTMLElement, show: (controls: any) => void}} Control */
/** @typedef {(patch: any, rest: boolean) => void} Change */

/** A button for a finger beside other fingers: only the first of several makes a click. @param {HTMLElement} button @param {() => void} act */
export function press(button, act) {
  let inside = false;
  hold(button, { move: ({ clientX, clientY }) => { inside = button.contains(document.elementFromPoint(clientX, clientY)); }, end: () => inside && !button.disabled && act() });
  button.addEventListener('click', ({ detail }) => detail || act()); // the keyboard's
  return button;
}

/**
 * @param {import('../words.js').Words} words @param {any} declaration @param {Change} change @returns {Control[]}
 */
export function controlsOf(words, declaration, change) {
  const { styles = [], classes = [], directions = {} } = declaration;
  const names = Object.keys(directions);
  const named = names.filter((name) => !UNNAMED.test(name));
  const [kind, field, choices] = styles.length > 1 ? ['style', 'styles', styles] : ['class', 'classes', classes];
  return [
    declaration.is_map ? mapPad(words, change) : choices.length > 1 && mixture(words, kind, field, choices, change),
    declaration.has_truncation && slider(words, {
      name: 'truncation', label: ['kiosk.boldness'], least: BOLD[0], most: BOLD[1],
      read: ({ truncation }) => truncation, input: (truncation, rest) => change({ truncation }, rest),
    }),
    ...(named.length ? named : names).slice(0, WAYS).map((name) => way(words, name, change)),
  ].filter(Boolean);
}

/** @param {import('../words.js').Words} words @param {string} name @param {Change} change */
function way(words, name, change) {
  let held = {};
  const made = slider(words, {
    name: `direction-${name}`, label: [name, { $kind: 'direction' }], least: -FAR, most: FAR,
    read: ({ directions }) => directions[name] ?? 0,
    input: (amount, rest) => change({ directions: { ...held, [name]: amount } }, rest),
  });
  return { root: made.root, show: (/** @type {any} */ controls) => { held = controls.directions; made.show(controls); } };
}

/**
 * @param {import('../words.js').Words} words
 * @param {{name: string, label: [string, object?], ends?: [string, string], kind?: string, least: number, most: number,
 *   read: (controls: any) => number, input: (value: number, rest: boolean) => void}} told ends: what stands at its left and right
 */
function slider(words, { name, label, ends, kind, least, most, read, input }) {
  const track = h('div', { class: 'track', role: 'slider', tabindex: 0, 'data-slider': name, 'aria-valuemin': least, 'aria-valuemax': most }, h('span'));
  const title = ends ? h('div', { class: 'ends' }, ...ends.map((end) => words.put(h('span'), end, { $kind: kind }))) : words.put(h('div', { class: 'name' }), ...label);
  words.put(track, label[0], label[1] ?? {}, 'label');
  let value = 0;
  const set = (next, rest) => {
    value = round(clamp(next, least, most), 3);
    track.style.setProperty('--at', String((value - least) / (most - least)));
    track.setAttribute('aria-valuenow', String(value));
    if (rest !== null) input(value, rest);
  };
  hold(track, {
    move: ({ clientX }) => {
      const { left, width, height } = track.getBoundingClientRect(); // the knob, as high as the track, stays within it
      set(least + ((clientX - left - height / 2) / (width - height)) * (most - least), false);
    },
    end: () => input(value, true),
  });
  track.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
    const by = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
    if (by) set(value + (by * (most - least)) / 20, true);
  });
  return { root: h('div', { class: 'slider' }, title, track), show: (/** @type {any} */ controls) => track.classList.contains('held') || set(read(controls), null) };
}

/** @param {import('../words.js').Words} words @param {string} kind @param {string} field @param {string[]} names @param {Change} change @returns {Control} */
function mixture(words, kind, field, names, change) {
  const tell = (/** @type {any} */ shares, /** @type {boolean} */ rest) => change({ [field]: shares }, rest);
  if (names.length >= ON_CORNERS[0] && names.length <= ON_CORNERS[1]) return plate(words, kind, field, names, tell);
  if (names.length > ON_CORNERS[1]) return strip(words, kind, field, names, tell);
  return slider(words, {
    name: field, label: [`${kind}.pad`], ends: [names[0], names[1]], kind, least: 0, most: 1,
    read: (controls) => sharesOf(names, controls[field])[names[1]] ?? 0,
    input: (share, rest) => tell(tidy({ [names[0]]: 1 - share, [names[1]]: share }), rest),
  });
}

/** A pad whose corners are the names. @returns {Control} */
function plate(words, kind, field, names, tell) {
  const points = corners(names.length);
  const evenly = () => tell(Object.fromEntries(names.map((name) => [name, 1 / names.length])), true);
  const surface = pad(words, {
    name: field, label: `${kind}.pad`, tip: `${kind}.pad_tip`, ground: outline(points), keep: inside(points), reset: evenly,
    input: (x, y, rest) => {
      const weights = weigh(points, x, y);
      tell(tidy(Object.fromEntries(names.map((name, i) => [name, weights[i]]))), rest);
    },
  });
  const marks = names.map((name, i) => {
    const mark = words.put(h('span', { class: 'mark', 'data-side': points[i][0] < -0.2 ? 'left' : points[i][0] > 0.2 ? 'right' : 'middle' }), name, { $kind: kind });
    mark.style.setProperty('--y', String(points[i][1]));
    return mark;
  });
  return {
    root: h('div', { class: 'plate' }, surface.root, ...marks),
    show: (controls) => {
      if (surface.root.classList.contains('held')) return;
      const shares = sharesOf(names, controls[field]);
      const [x, y] = [0, 1].map((axis) => names.reduce((sum, name, i) => sum + (shares[name] ?? 0) * points[i][axis], 0));
      surface.show(x, y);
    },
  };
}

/** Many names side by side: a pull moves them along, a tap takes one. @returns {Control} */
function strip(words, kind, field, names, tell) {
  const chips = names.map((name) => words.put(h('button', { type: 'button', class: 'chip', 'data-name': name, onclick: ({ detail }) => detail || tell({ [name]: 1 }, true) }), name, { $kind: kind }));
  const root = h('div', { class: 'strip', role: 'group', 'data-strip': field }, ...chips);
  words.put(root, `${kind}.pick`, {}, 'label');
  let from = { x: 0, scrolled: 0, name: '', moved: false };
  hold(root, {
    begin: ({ clientX, target }) => {
      const chip = target instanceof Element ? target.closest('.chip') : null;
      from = { x: clientX, scrolled: root.scrollLeft, name: chip?.getAttribute('data-name') ?? '', moved: false };
    },
    move: ({ clientX }) => {
      from.moved ||= Math.abs(clientX - from.x) > PULL;
      if (from.moved) root.scrollLeft = from.scrolled + from.x - clientX;
    },
    end: () => !from.moved && from.name && tell({ [from.name]: 1 }, true),
  });
  return {
    root,
    show: (controls) => {
      const shares = sharesOf(names, controls[field]);
      for (const [i, chip] of chips.entries()) chip.setAttribute('aria-pressed', String((shares[names[i]] ?? 0) >= CENTRE));
      const chosen = chips.find((chip) => chip.ariaPressed === 'true');
      if (chosen && !from.moved) root.scrollLeft = chosen.offsetLeft - (root.clientWidth - chosen.offsetWidth) / 2;
      from.moved = false;
    },
  };
}

/** The map itself, where the latent has two dimensions. @param {import('../words.js').Words} words @param {Change} change @returns {Control} */
function mapPad(words, change) {
  const surface = pad(words, {
    name: 'map', label: 'walk.label', tip: 'walk.tip', ground: h('span', { class: 'cross' }),
    input: (x, y, rest) => change({ position: [round(x * REACH), round(y * REACH)] }, rest), reset: () => change({ position: null }, true),
  });
  return { root: h('div', { class: 'plate' }, surface.root), show: ({ position }) => surface.show((position?.[0] ?? 0) / REACH, (position?.[1] ?? 0) / REACH) };
}
