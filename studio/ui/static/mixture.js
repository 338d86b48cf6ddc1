/** Mixtures whose shares always sum to one: sliders, a pad whose corners are the names, and a picker for many names. @module */

import { h, round } from './dom.js';
import { pad } from './pad.js';
import { signButton, sliderRow } from './widgets.js';

/** @typedef {Record<string, number>} Shares */

const FAINT = 0.005; // a share below this is nothing
const SHOWN = 8; // sliders of a large mixture that are shown at once

/** The shares in full: none given means the first name alone. @param {string[]} names @param {Shares} shares @returns {Shares} */
export function sharesOf(names, shares) {
  const total = Object.values(shares).reduce((sum, share) => sum + share, 0);
  if (!total) return { [names[0]]: 1 };
  return Object.fromEntries(Object.entries(shares).map(([name, share]) => [name, share / total]));
}

/**
 * One share set by hand; the others keep their proportions and give or take the rest.
 * @param {string[]} names @param {Shares} shares @param {string} name @param {number} share @returns {Shares}
 */
export function setShare(names, shares, name, share) {
  const others = names.filter((other) => other !== name);
  if (!others.length) return { [name]: 1 };
  const sum = others.reduce((total, other) => total + (shares[other] ?? 0), 0);
  const part = (other) => (sum > 0 ? (shares[other] ?? 0) / sum : 1 / others.length) * (1 - share);
  return tidy(Object.fromEntries([[name, share], ...others.map((other) => [other, part(other)])]));
}

/** @param {Shares} shares @returns {Shares} */
export function tidy(shares) {
  const kept = Object.entries(shares).filter(([, share]) => share >= FAINT);
  const total = kept.reduce((sum, [, share]) => sum + share, 0);
  return Object.fromEntries(kept.map(([name, share]) => [name, round(share / total, 4)]));
}

/** Corners of a regular polygon, the first at the top, on -1..1. @param {number} count @returns {[number, number][]} */
export function corners(count) {
  const turn = count === 4 ? Math.PI / 4 : 0;
  const reach = count === 4 ? Math.SQRT2 * 0.86 : 0.86;
  return Array.from({ length: count }, (_, i) => {
    const angle = Math.PI / 2 + turn - (i * 2 * Math.PI) / count;
    return [Math.cos(angle) * reach, Math.sin(angle) * reach];
  });
}

/**
 * Mean value coordinates of a point in a convex polygon (Floater 2003): what each corner weighs there.
 * @param {[number, number][]} points @param {number} x @param {number} y
 */
export function weigh(points, x, y) {
  const ways = points.map(([px, py]) => [px - x, py - y]);
  const far = ways.map(([dx, dy]) => Math.hypot(dx, dy));
  const near = far.findIndex((distance) => distance < 1e-3);
  if (near >= 0) return points.map((_, i) => (i === near ? 1 : 0));
  const count = points.length;
  const half = ways.map(([ax, ay], i) => {
    const [bx, by] = ways[(i + 1) % count];
    const dot = ax * bx + ay * by;
    const cross = Math.abs(ax * by - ay * bx);
    return (far[i] * far[(i + 1) % count] - dot) / Math.max(cross, 1e-9); // tan(angle / 2)
  });
  const weights = points.map((_, i) => (half[(i + count - 1) % count] + half[i]) / far[i]);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

/** The nearest point inside a convex polygon given clockwise. @param {[number, number][]} points @returns {(x: number, y: number) => [number, number]} */
export function inside(points) {
  return (x, y) => {
    let best = /** @type {[number, number]} */ ([x, y]);
    let least = Infinity;
    let out = false;
    points.forEach(([ax, ay], i) => {
      const [bx, by] = points[(i + 1) % points.length];
      const [dx, dy] = [bx - ax, by - ay];
      if (dx * (y - ay) - dy * (x - ax) > 0) out = true; // left of a clockwise edge
      const along = Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy)));
      const [px, py] = [ax + along * dx, ay + along * dy];
      const distance = Math.hypot(px - x, py - y);
      if (distance < least) [least, best] = [distance, [px, py]];
    });
    return out ? best : [x, y];
  };
}

/**
 * A pad whose corners are the names, with a slider each for the exact share.
 * @param {import('./words.js').Words} words
 * @param {{kind: string, field: string, names: string[], input: (shares: Shares, rest: boolean) => void}} told kind: 'style' or 'class', for the words
 */
export function mixturePad(words, { kind, field, names, input }) {
  let shares = sharesOf(names, {});
  const points = corners(names.length);
  const tell = (next, rest) => {
    shares = next;
    show(shares);
    input(shares, rest);
  };
  const rows = names.map((name) => sliderRow(words, {
    name: `${field}-${name}`, label: [name, { $kind: kind }], min: 0, max: 1, step: 0.01, usual: 0,
    input: (share, { rest }) => tell(setShare(names, shares, name, share), rest),
  }));
  const picks = names.map((name, i) => {
    const corner = h('button', { type: 'button', class: 'corner', 'data-corner': name, onclick: () => tell({ [name]: 1 }, true) },
      words.put(h('span'), name, { $kind: kind }));
    corner.style.setProperty('--x', String(points[i][0]));
    corner.style.setProperty('--y', String(points[i][1]));
    corner.addEventListener('pointerdown', (event) => event.stopPropagation());
    return corner;
  });
  const surface = names.length < 3 ? null : pad(words, {
    name: field, label: `${kind}.pad`, tip: `${kind}.pad_tip`, ground: outline(points), keep: inside(points),
    input: (x, y, rest) => {
      const weights = weigh(points, x, y);
      tell(tidy(Object.fromEntries(names.map((name, i) => [name, weights[i]]))), rest);
    },
    reset: () => tell(Object.fromEntries(names.map((name) => [name, round(1 / names.length)])), true),
  });
  const show = (given) => {
    shares = sharesOf(names, given);
    names.forEach((name, i) => {
      rows[i].show(shares[name] ?? 0);
      picks[i].setAttribute('aria-pressed', String((shares[name] ?? 0) > 0.99));
    });
    // Coordinates of this kind give the point back as the weighted sum of the corners.
    const at = [0, 1].map((axis) => names.reduce((sum, name, i) => sum + (shares[name] ?? 0) * points[i][axis], 0));
    if (!surface?.root.classList.contains('held')) surface?.show(at[0], at[1]);
  };
  const plate = surface && h('div', { class: 'pad-plate', 'data-corners': names.length }, surface.root, ...picks);
  return { root: h('div', { class: 'mixture' }, plate, h('div', { class: 'rows' }, ...rows.map((row) => row.root))), show, rows };
}

/** @param {[number, number][]} points */
export function outline(points) {
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  svg.setAttribute('viewBox', '-1 -1 2 2');
  svg.setAttribute('aria-hidden', 'true');
  const shape = document.createElementNS(space, 'polygon');
  shape.setAttribute('points', points.map(([x, y]) => `${x},${-y}`).join(' '));
  svg.append(shape, ...points.map(([x, y]) => {
    const ray = document.createElementNS(space, 'line');
    for (const [key, value] of Object.entries({ x1: 0, y1: 0, x2: x, y2: -y })) ray.setAttribute(key, String(value));
    return ray;
  }));
  return svg;
}

/**
 * A picker for many names: a press takes one, and with 'blend' on (or Shift) adds one; sliders for what is in the mixture.
 * @param {import('./words.js').Words} words
 * @param {{kind: string, field: string, names: string[], input: (shares: Shares, rest: boolean) => void}} told
 */
export function picker(words, { kind, field, names, input }) {
  let shares = sharesOf(names, {});
  let blending = false;
  let drawn = '';
  const rows = h('div', { class: 'rows picker-rows' });
  const blend = signButton(words, 'blend', `${kind}.blend`, () => {
    blending = !blending;
    blend.setAttribute('aria-pressed', String(blending));
  }, { 'data-act': `${field}-blend`, 'aria-pressed': 'false' });
  const tell = (next, rest) => {
    show(next);
    input(shares, rest);
  };
  const take = (name, add) => {
    if (!add) return tell({ [name]: 1 }, true);
    const { [name]: had, ...others } = shares;
    if (had === undefined) tell(setShare(Object.keys({ ...shares, [name]: 0 }), shares, name, 1 / (Object.keys(shares).length + 1)), true);
    else if (Object.keys(others).length) tell(tidy(others), true);
  };
  const chips = names.map((name) => {
    const chip = h('button', {
      type: 'button', class: 'chip', 'data-name': name,
      onclick: (/** @type {MouseEvent} */ event) => take(name, blending || event.shiftKey || event.ctrlKey || event.metaKey),
    });
    return words.put(chip, name, { $kind: kind });
  });
  const grid = h('div', { class: 'chips', role: 'group', 'data-picker': field, 'data-short': names.every((name) => name.length < 3) }, ...chips);
  words.put(grid, `${kind}.pick`, {}, 'label');
  grid.addEventListener('keydown', (event) => walk(event, chips, names, take));

  const show = (given) => {
    shares = sharesOf(names, given);
    chips.forEach((chip, i) => {
      const share = shares[names[i]] ?? 0;
      chip.setAttribute('aria-pressed', String(share > 0));
      chip.style.setProperty('--share', `${share * 100}%`);
      chip.tabIndex = share === Math.max(...Object.values(shares)) ? 0 : -1;
    });
    const mixed = Object.keys(shares);
    const wanted = mixed.length > 1 ? mixed.slice(0, SHOWN).join(' ') : '';
    if (wanted !== drawn) rows.replaceChildren(...(wanted ? mixed.slice(0, SHOWN).map(row) : []));
    drawn = wanted;
    for (const range of rows.querySelectorAll('input[type=range]')) range.dispatchEvent(new CustomEvent('show'));
  };
  const row = (name) => {
    const made = sliderRow(words, {
      name: `${field}-${name}`, label: [name, { $kind: kind }], min: 0.01, max: 0.99, step: 0.01, usual: 0.5,
      input: (share, { rest }) => tell(setShare(Object.keys(shares), shares, name, share), rest),
    });
    made.range.addEventListener('show', () => made.show(shares[name] ?? 0));
    return made.root;
  };
  return { root: h('div', { class: 'picker' }, grid, rows), show, blend };
}

/** Arrow keys walk over the chips; a letter or figure takes the chip of that name. */
function walk(event, chips, names, take) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const at = chips.indexOf(document.activeElement);
  const across = chips.filter((chip) => chip.offsetTop === chips[0].offsetTop).length;
  const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -across, ArrowDown: across }[event.key];
  const typed = names.indexOf(event.key);
  const to = typed >= 0 ? typed : at + (by ?? NaN);
  if (!chips[to]) return;
  event.preventDefault();
  event.stopPropagation();
  chips[to].focus();
  take(names[to], event.shiftKey && typed < 0);
}
