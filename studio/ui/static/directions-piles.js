/** A direction of one's own: two piles of pictures, more like these, less like those; or the sliders as they stand, as one. @module */

import { h } from './dom.js';
import { icon } from './icons.js';
import { compact } from './state.js';

const MOST = 24; // pictures a pile

/** @param {any} atelier @param {any} declaration */
export function piles(atelier, declaration) {
  const { state, words, own, tell } = atelier;
  const held = { toward: /** @type {any[]} */ ([]), away: /** @type {any[]} */ ([]) };
  const strips = { toward: strip('toward'), away: strip('away') };
  const name = words.put(words.put(h('input', { type: 'text', maxlength: 40, class: 'direction-name', autocomplete: 'off' }), 'directions.name', {}, 'label'),
    'directions.name', {}, 'placeholder');
  const apart = h('input', { type: 'checkbox', id: `apart-${declaration.id}` });
  const keep = act('keep', () => named((called) => own.keep(called, held.toward, held.away, apart.checked).then(clear)));
  const join = act('join', () => named((called) => own.join(called, compact(state.recipe)).then(joined)));
  const file = h('input', { type: 'file', accept: '.json,application/json', hidden: true, onchange: () => {
    const [chosen] = file.files;
    file.value = '';
    if (chosen) own.bring(chosen).catch(tell);
  } });
  const bring = act('bring', () => file.click());

  function act(deed, press) {
    const button = h('button', { type: 'button', class: 'button', 'data-act': `directions-${deed}`, onclick: press });
    return words.put(words.put(button, `directions.${deed}`), `directions.${deed}_tip`, {}, 'tip');
  }
  function strip(which) {
    const pile = h('div', { class: 'pile', 'data-pile': which });
    const add = h('button', { type: 'button', class: 'button', 'data-act': `directions-${which}`, onclick: () => {
      if (held[which].length >= MOST) return;
      held[which].push({ ...compact(state.recipe), generator: declaration.id });
      fill(which);
    } }, icon(which === 'toward' ? 'plus' : 'minus'), words.put(h('span', {}), `directions.${which}`));
    return { root: h('div', { class: 'pile-row' }, add, pile), pile };
  }
  function fill(which) {
    const cells = held[which].map((_, i) => words.put(h('button', { type: 'button', class: 'pile-cell', onclick: () => {
      held[which].splice(i, 1);
      fill(which);
    } }, h('canvas', { width: declaration.size, height: declaration.size, 'data-rendering': declaration.rendering })), 'directions.take_off', {}, 'label'));
    strips[which].pile.replaceChildren(...cells);
    if (cells.length) {
      atelier.live.sheet(held[which], {
        cell: (i, picture) => cells[i]?.firstChild.getContext('2d').drawImage(picture, 0, 0, declaration.size, declaration.size),
      });
    }
    keep.disabled = !held.toward.length;
  }
  const named = (deed) => {
    const called = name.value.trim();
    if (!called) return name.focus();
    deed(called).catch(tell);
  };
  const joined = () => {
    name.value = '';
    state.change({ directions: {} }, { rest: true }); // it stands for them now
  };
  const clear = () => {
    held.toward = [];
    held.away = [];
    name.value = '';
    fill('toward');
    fill('away');
  };
  keep.disabled = true;
  const label = words.put(h('label', { for: apart.id }), 'directions.apart');
  words.put(label, 'directions.apart_tip', {}, 'tip');
  const root = h('details', { class: 'batch-box', 'data-role': 'make-direction' }, words.put(h('summary', {}), 'directions.make'),
    words.put(h('p', { class: 'quiet' }), 'directions.make_hint'), strips.toward.root, strips.away.root,
    h('p', { class: 'direction-apart' }, apart, label), name, h('div', { class: 'buttons' }, keep, join, bring, file));
  return {
    root,
    show: (controls) => {
      join.disabled = !Object.values(controls.directions).some(Boolean);
    },
  };
}
