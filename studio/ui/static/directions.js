/** Ways through latent space: the named ones, those that nobody named yet, and a visitor's own. @module */

import { menu } from './dialog.js';
import { h } from './dom.js';
import { piles } from './directions-piles.js';
import { group, signButton, sliderRow } from './widgets.js';

export const UNNAMED = /^(axis|factor)-/;
const SHOWN = [-4, -2, 0, 2, 4]; // standard deviations of the strip that shows what a control does

/** @param {any} atelier @param {any} declaration @returns {import('./controls.js').Group} */
export function directionsGroup(atelier, declaration) {
  const { state, words, own } = atelier;
  const names = Object.keys(declaration.directions);
  const rowOf = rowsOf(atelier, declaration);
  const rows = new Map(names.map((name) => [name, rowOf(name)]));
  const part = (chosen) => h('div', { class: 'rows' }, ...chosen.map((name) => rows.get(name).root));
  const unnamed = names.filter((name) => UNNAMED.test(name));
  const more = h('details', { class: 'batch-box', 'data-role': 'more-directions' }, words.put(h('summary', {}), 'directions.more'),
    words.put(h('p', { class: 'quiet' }), 'directions.more_hint'), part(unnamed));
  const mine = h('div', { class: 'rows', 'data-role': 'own-directions' });
  const making = piles(atelier, declaration);
  let held = new Map();

  const fill = () => {
    held = new Map(own.of(declaration.id).map((one) => [one.id, rowOf(one.id, ownTools(atelier, one))]));
    mine.replaceChildren(...[...held.values()].map(({ root }) => root));
    show(state.recipe);
  };
  const show = (controls) => {
    for (const [name, row] of [...rows, ...held]) row.show(controls.directions[name] ?? 0);
    making.show(controls);
  };
  document.addEventListener('atelier:directions', fill);
  queueMicrotask(fill);
  return group(atelier, 'directions', {
    root: [part(names.filter((name) => !UNNAMED.test(name))), mine, unnamed.length && more, making.root].filter(Boolean),
    show,
  });
}

/** A slider a direction. @param {any} atelier @param {any} declaration */
function rowsOf(atelier, declaration) {
  const { state, words } = atelier;
  return (name, tools = null) => {
    const layers = declaration.directions[name] ?? [];
    const tip = words.has(`direction.${name}_tip`) ? `direction.${name}_tip` : 'direction.tip';
    const row = sliderRow(words, {
      name: `direction-${name}`, label: [name, { $kind: 'direction' }], tip, min: -5, max: 5, step: 0.05, usual: 0,
      input: (amount, { rest }) => {
        const { [name]: _, ...others } = state.recipe.directions;
        state.change({ directions: amount ? { ...others, [name]: amount } : others }, { rest });
      },
    });
    if (layers.length) row.root.dataset.layers = layers.join(' ');
    if (tools) row.root.append(tools);
    atelier.preview(row.root, (controls) => SHOWN.map((amount) => ({ ...controls, directions: { ...controls.directions, [name]: amount } })));
    return row;
  };
}

/** What can be done with a direction of one's own. @param {any} atelier @param {any} one */
function ownTools({ own, words, tell }, one) {
  const rename = () => {
    const name = prompt(words.say('directions.rename'), one.name)?.trim();
    if (name && name !== one.name) own.rename(one.id, name).catch(tell);
  };
  const deeds = { rename, file: () => own.save(one).catch(tell), remove: () => own.remove(one.id).catch(tell) };
  const button = signButton(words, 'more', 'directions.do', () => menu(button, words, (close) => h('div', { class: 'sends' },
    ...Object.entries(deeds).map(([deed, press]) => h('button', {
      type: 'button', role: 'menuitem', 'data-act': `direction-${deed}`, onclick: () => { close(); press(); },
    }, words.say(`directions.${deed}`))))), { class: 'sign small', 'data-act': 'direction-menu', 'aria-haspopup': 'menu' });
  return button;
}
