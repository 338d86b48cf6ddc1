/** Inside the network: a layer's maps, what is done to some of them, and all that is done so far. @module */

import { h } from './dom.js';
import { mapTiles } from './inside-maps.js';
import { group, signButton, sliderRow } from './widgets.js';

const MOST = 16; // bends, as a recipe holds them
const STEPS = /** @type {Record<string, number>} */ ({ turn: 1 });

/** @typedef {{layer: number, operation: string, amount: number, channels?: number[]}} Bend */

const isSame = (a, b) => JSON.stringify([a.layer, a.operation, a.channels ?? []]) === JSON.stringify([b.layer, b.operation, b.channels ?? []]);

/** @param {any} atelier @param {any} declaration @returns {import('./controls.js').Group} */
export function insideGroup(atelier, declaration) {
  const { state, words } = atelier;
  const { bendable, operations } = declaration;
  const draft = { layer: bendable.length >> 1, operation: Object.keys(operations)[0], channels: /** @type {number[]} */ ([]) };
  let at = -1; // which of the recipe's bends the hand is on; -1 = one that is not there yet
  let off = /** @type {Bend[]} */ ([]); // what this visit has switched off

  const drafted = (amount) => ({ ...draft, amount });
  const amountNow = () => state.recipe.bends[at]?.amount ?? operations[draft.operation].usual;
  const bent = (amount) => (at < 0 ? [...state.recipe.bends, drafted(amount)] : state.recipe.bends.with(at, drafted(amount)));
  const put = (amount, rest) => {
    if (at < 0 && state.recipe.bends.length >= MOST) {
      return void (rest && atelier.notice.say(words.say('fault.recipe_entries', { field: words.say('inside.list'), count: MOST + 1, most: MOST })));
    }
    const bends = bent(amount);
    if (at < 0) at = bends.length - 1;
    if (rest && amount === operations[draft.operation].usual) return drop(at); // what does nothing is not kept
    state.change({ bends }, { rest });
  };
  const drop = (place) => {
    at = place === at ? -1 : at - (place < at ? 1 : 0);
    state.change({ bends: state.recipe.bends.toSpliced(place, 1) }, { rest: true });
  };
  /** The hand goes to a bend that is there, or to one that could be. @param {Partial<typeof draft>} patch */
  const turnTo = (patch) => {
    Object.assign(draft, patch);
    at = state.recipe.bends.findIndex((one) => isSame(one, draft));
    show(state.recipe);
  };

  const layers = bendable.map((_, i) => words.put(h('button', {
    type: 'button', class: 'layer', 'data-layer': i, style: `--tall: ${100 - (i / Math.max(1, bendable.length - 1)) * 65}%`, onclick: () => turnTo({ layer: i, channels: [] }),
  }, h('span')), 'inside.layer', { n: i + 1 }, 'label'));
  const maps = mapTiles(atelier, declaration, (channels) => {
    if (at < 0) return turnTo({ channels });
    draft.channels = channels;
    put(amountNow(), true);
  });
  const chips = Object.keys(operations).map((operation) => {
    const chip = words.put(h('button', { type: 'button', class: 'chip', 'data-operation': operation, onclick: () => turnTo({ operation }) }), operation, { $kind: 'bend' });
    return words.put(chip, `bend.${operation}_tip`, {}, 'tip');
  });
  const rows = new Map(Object.entries(operations).map(([operation, { least, most, usual }]) => {
    const step = STEPS[operation] ?? 0.01;
    const row = sliderRow(words, {
      name: `bend-${operation}`, label: [operation, { $kind: 'bend' }], tip: `bend.${operation}_tip`, min: least, max: most, step, usual, digits: step < 1 ? 2 : 0,
      input: (amount, { rest }) => put(amount, rest),
    });
    atelier.preview(row.root, (controls) => [0, 0.25, 0.5, 0.75, 1].map((share) => ({ ...controls, bends: bent(least + share * (most - least)).slice(0, MOST) })));
    return [operation, row];
  }));
  const list = words.put(h('ul', { class: 'inside-list' }), 'inside.list', {}, 'label');
  const surprise = words.put(h('button', { type: 'button', class: 'button small', 'data-act': 'inside-surprise', onclick: () => {
    const one = (choices) => choices[Math.floor(Math.random() * choices.length)];
    const operation = one(Object.keys(operations));
    const layer = one([...bendable.keys()]);
    const share = 0.2 + Math.random() * 0.5;
    turnTo({ layer, operation, channels: Array.from({ length: Math.min(bendable[layer], 128) }, (_, i) => i).filter(() => Math.random() < share) });
    const { least, most } = operations[operation];
    put(Math.round((least + Math.random() * (most - least)) * 100) / 100, true);
  } }), 'inside.surprise');
  words.put(surprise, 'inside.surprise_tip', {}, 'tip');

  const told = (bend) => {
    const count = bend.channels?.length;
    const digits = STEPS[bend.operation] ? 0 : 2;
    return words.say('inside.bend', {
      layer: bend.layer + 1, maps: words.say(count ? 'inside.count' : 'inside.all', { count }), operation: words.name('bend', bend.operation), amount: bend.amount.toFixed(digits),
    });
  };
  const item = (bend, place, isOn) => {
    const name = h('button', { type: 'button', class: 'inside-bend', 'aria-pressed': String(isOn && place === at), onclick: () => {
      if (isOn) at = place;
      show(state.recipe);
    } }, told(bend));
    const flip = signButton(words, isOn ? 'check' : 'minus', 'inside.on', () => {
      if (isOn) off = [...off, bend];
      else off = off.toSpliced(place, 1);
      if (isOn) return drop(place);
      state.change({ bends: [...state.recipe.bends, bend].slice(0, MOST) }, { rest: true });
    }, { class: 'sign small', 'data-act': 'inside-on', 'aria-pressed': String(isOn) });
    const remove = signButton(words, 'remove', 'inside.remove', () => {
      if (isOn) return drop(place);
      off = off.toSpliced(place, 1);
      show(state.recipe);
    }, { class: 'sign small', 'data-act': 'inside-remove' });
    return h('li', { 'data-on': String(isOn) }, name, flip, remove);
  };
  const show = (controls) => {
    if (at >= controls.bends.length) at = -1; // undone, or another picture
    if (at >= 0) {
      const { layer, operation, channels = [] } = controls.bends[at];
      Object.assign(draft, { layer, operation, channels });
    }
    off = off.filter((one) => !controls.bends.some((bend) => isSame(one, bend)));
    layers.forEach((bar, i) => {
      bar.setAttribute('aria-pressed', String(i === draft.layer));
      bar.toggleAttribute('data-bent', controls.bends.some(({ layer }) => layer === i));
    });
    chips.forEach((chip) => chip.setAttribute('aria-pressed', String(chip.dataset.operation === draft.operation)));
    for (const [operation, { root, show: set }] of rows) {
      root.hidden = operation !== draft.operation;
      if (!root.hidden) set(amountNow());
    }
    maps.show(draft.layer, draft.channels);
    fill(controls.bends);
  };
  let filled = '';
  const fill = (bends) => {
    const now = JSON.stringify([bends, off, at, words.language]);
    if (now === filled) return;
    filled = now;
    const place = [...list.querySelectorAll('button')].indexOf(/** @type {any} */ (document.activeElement));
    list.replaceChildren(...bends.map((bend, i) => item(bend, i, true)), ...off.map((bend, i) => item(bend, i, false)));
    if (place >= 0) (list.querySelectorAll('button')[place] ?? surprise).focus();
  };
  document.addEventListener('atelier:language', () => fill(state.recipe.bends));

  const bars = words.put(h('div', { class: 'layers', role: 'group' }, ...layers), 'inside.layers', {}, 'label');
  const ends = h('div', { class: 'layer-ends', 'aria-hidden': 'true' }, words.put(h('span'), 'mix.coarse'), words.put(h('span'), 'mix.fine'));
  const doing = h('div', { class: 'inside-do' },
    words.put(h('div', { class: 'chips', role: 'group' }, ...chips), 'inside.operations', {}, 'label'),
    h('div', { class: 'rows' }, ...[...rows.values()].map(({ root }) => root)), list);
  const summary = words.put(h('summary', { onclick: () => requestAnimationFrame(() => box.open && box.closest('.group').scrollIntoView()) }), 'inside.open');
  const box = h('details', { class: 'batch-box', open: matchMedia('(max-width: 1099px)').matches }, summary,
    h('div', { class: 'inside' }, h('div', { class: 'inside-see' }, h('div', { class: 'layer-mixer' }, bars, ends), maps.root), doing));
  return group(atelier, 'inside', { aside: surprise, root: box, show });
}
