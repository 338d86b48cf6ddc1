/** The control groups of a generator, drawn from its declaration: what it lacks is not there. @module */

import { openBoard } from './board.js';
import { directionsGroup } from './directions.js';
import { h } from './dom.js';
import { icon } from './icons.js';
import { insideGroup } from './inside.js';
import { layerMixer } from './layers.js';
import { latentMap } from './map.js';
import { mixturePad, picker, setShare, sharesOf } from './mixture.js';
import { pad } from './pad.js';
import { group, seedRow, signButton, sliderRow } from './widgets.js';

const PAD_WHOLE = 5; // up to as many names stand on a pad's corners; more go into a picker
const FOLLOW = { rest: false };

/**
 * @typedef {{id: string, root: HTMLElement, show: (controls: any) => void, rows?: any[]}} Group
 * @param {any} atelier @param {any} declaration @param {() => [number, number]} position
 * @returns {Group[]}
 */
export function groupsOf(atelier, declaration, position) {
  const { classes = [], styles = [], layers = 1, bendable = [] } = declaration;
  return [
    seedGroup(atelier, declaration, position),
    declaration.is_map && mapGroup(atelier, declaration, position),
    styles.length > 1 && mixtureGroup(atelier, 'style', 'styles', styles),
    classes.length > 1 && mixtureGroup(atelier, 'class', 'classes', classes),
    declaration.draws_strokes && brushGroup(atelier),
    (declaration.has_truncation || declaration.has_noise) && characterGroup(atelier, declaration),
    !declaration.is_map && directionsGroup(atelier, declaration),
    layers > 1 && mixGroup(atelier, layers),
    bendable.length > 0 && insideGroup(atelier, declaration),
  ].filter(Boolean);
}

function seedGroup(atelier, declaration, position) {
  const { state, words } = atelier;
  const lock = signButton(words, 'unlock', 'seed.lock', () => {
    state.locked = !state.locked;
    lock.setAttribute('aria-pressed', String(state.locked));
    lock.replaceChildren(icon(state.locked ? 'lock' : 'unlock'));
  }, { 'data-act': 'lock', 'aria-pressed': String(state.locked) });
  const seed = seedRow(words, {
    name: 'seed', label: 'seed.name', tip: 'seed.tip', act: 'dice', dice: () => state.roll(),
    input: (value) => state.change({ seed: value, position: null }, { rest: true }), extra: [lock],
  });
  const amount = sliderRow(words, {
    name: 'variation', label: ['variation.name'], tip: 'variation.tip', min: 0, max: 1, step: 0.01, usual: 0,
    input: (variation, { rest }) => state.change({ variation }, { rest }),
  });
  const second = seedRow(words, {
    name: 'variation_seed', label: 'variation.seed', tip: 'variation.seed_tip',
    input: (value) => state.change({ variation_seed: value }, { rest: true }),
  });
  const walk = declaration.is_map ? null : walkPad(atelier, position);
  const find = declaration.projects ? words.put(h('button', {
    type: 'button', class: 'button small', 'data-act': 'find', 'aria-haspopup': 'dialog', onclick: () => atelier.finder.open(),
  }), 'find.open') : null;
  if (find) words.put(find, 'find.open_tip', {}, 'tip');
  return group(atelier, 'seed', {
    aside: find,
    root: h('div', { class: 'seed-and-walk' }, h('div', { class: 'rows' }, seed.root, amount.root, second.root), walk?.root),
    show: (controls) => {
      seed.show(controls.seed);
      find?.setAttribute('aria-pressed', String(!!controls.w));
      amount.show(controls.variation);
      second.show(controls.variation_seed);
      walk?.show(...position().map((at) => at / 4));
    },
  });
}

function walkPad({ state, words }, position) {
  return pad(words, {
    name: 'walk', label: 'walk.label', tip: 'walk.tip', fine: 0.0125, ground: h('span', { class: 'cross' }),
    input: (x, y, rest) => state.change({ position: [round4(x * 4), round4(y * 4)] }, { rest }),
    reset: () => state.change({ position: null }, { rest: true }),
  });
}

const round4 = (value) => Math.round(value * 1e4) / 1e4;

function mapGroup(atelier, declaration, position) {
  const map = latentMap(atelier, declaration, position);
  return group(atelier, 'map', map);
}

function mixtureGroup(atelier, kind, field, names) {
  const { state, words } = atelier;
  const make = names.length <= PAD_WHOLE ? mixturePad : picker;
  const mixture = make(words, { kind, field, names, input: (shares, rest) => state.change({ [field]: shares }, { rest }) });
  if ('rows' in mixture) {
    mixture.rows.forEach((row, i) => atelier.preview(row.root, (controls) => [0, 0.25, 0.5, 0.75, 1].map((share) => (
      { ...controls, [field]: setShare(names, sharesOf(names, controls[field]), names[i], share) }))));
  }
  return group(atelier, kind, { ...mixture, aside: 'blend' in mixture ? mixture.blend : null, show: (controls) => mixture.show(controls[field]) });
}

function brushGroup(atelier) {
  const { state, words, pen } = atelier;
  const freedom = sliderRow(words, {
    name: 'temperature', label: ['brush.temperature'], tip: 'brush.temperature_tip', min: 0, max: 1.5, step: 0.01, usual: 0.25,
    input: (temperature, { rest }) => state.change({ temperature }, { rest }),
  });
  atelier.preview(freedom.root, (controls) => [0, 0.25, 0.5, 1, 1.5].map((temperature) => ({ ...controls, temperature })));
  const button = (name, press, given = {}) => {
    const made = words.put(h('button', { type: 'button', class: 'button', 'data-act': name, onclick: press, ...given }), `brush.${name}`);
    return words.put(made, `brush.${name}_tip`, {}, 'tip');
  };
  const write = button('pen', () => pen.hold(!pen.on), { 'aria-pressed': 'false' });
  const clear = button('clear', () => pen.clear());
  const replay = button('replay', () => pen.replay(), { 'aria-pressed': 'false' });
  document.addEventListener('atelier:pen', (event) => {
    const { on, showing } = /** @type {CustomEvent} */ (event).detail;
    write.setAttribute('aria-pressed', String(on));
    replay.setAttribute('aria-pressed', String(showing));
  });
  return group(atelier, 'brush', {
    root: h('div', { class: 'rows' }, freedom.root, h('div', { class: 'buttons' }, write, clear, replay)),
    show: (controls) => {
      freedom.show(controls.temperature);
      clear.disabled = !controls.strokes.length;
    },
  });
}

function characterGroup(atelier, { has_truncation: truncates, truncation: usual = 1, has_noise: noisy, draws_strokes: written, sides = [] }) {
  const { state, words } = atelier;
  const psi = truncates && sliderRow(words, {
    name: 'truncation', label: ['truncation.name'], tip: 'truncation.tip', min: 0, max: 1.5, step: 0.01, usual,
    input: (truncation, { rest }) => state.change({ truncation }, { rest }),
  });
  if (psi) atelier.preview(psi.root, (controls) => [0, 0.35, 0.7, 1, 1.4].map((truncation) => ({ ...controls, truncation })));
  const whole = sides.length - 1;
  const grown = whole > 0 && sliderRow(words, {
    name: 'side', label: ['side.name'], tip: 'side.tip', min: 0, max: whole, step: 1, usual: whole,
    spell: (at) => String(sides[at]), read: (text) => sides.findLastIndex((side) => side <= Number(text)),
    input: (at, { rest }) => state.change({ side: at < whole ? sides[at] : 0 }, { rest }),
  });
  const noise = noisy && seedRow(words, {
    name: 'noise_seed', label: 'noise.name', tip: 'noise.tip', input: (value) => state.change({ noise_seed: value }, { rest: true }),
  });
  const turn = noisy && !written && sliderRow(words, {
    name: 'noise_turn', label: ['noise.turn'], tip: 'noise.turn_tip', min: 0, max: 1, step: 0.01, usual: 0,
    input: (round, { rest }) => state.change({ noise_turn: round }, { rest }),
  });
  return group(atelier, 'character', {
    root: h('div', { class: 'rows' }, psi && psi.root, grown && grown.root, noise && noise.root, turn && turn.root),
    show: (controls) => {
      if (psi) psi.show(controls.truncation);
      if (grown) grown.show(controls.side ? sides.indexOf(controls.side) : whole);
      if (noise) noise.show(controls.noise_seed);
      if (turn) turn.show(controls.noise_turn);
    },
  });
}

function mixGroup(atelier, count) {
  const { state, words } = atelier;
  const second = seedRow(words, {
    name: 'mix_seed', label: 'mix.seed', tip: 'mix.seed_tip', input: (value) => state.change({ mix_seed: value }, { rest: true }),
  });
  const layers = layerMixer(words, count, (chosen, rest) => state.change({ mix_layers: chosen }, rest ? { rest } : FOLLOW));
  const board = words.put(h('button', { type: 'button', class: 'button', 'data-act': 'board', onclick: () => openBoard(atelier) }), 'board.title');
  words.put(board, 'board.tip', {}, 'tip');
  return group(atelier, 'mix', {
    root: h('div', { class: 'rows' }, second.root, layers.root, h('div', { class: 'buttons' }, board)),
    show: (controls) => {
      second.show(controls.mix_seed);
      layers.show(controls.mix_layers);
    },
  });
}
