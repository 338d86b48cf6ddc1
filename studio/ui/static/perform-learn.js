/** A button beside every slider, in the place of its value: press it, move a knob, done. @module */

import { h } from './dom.js';

/** The words of a source: "CC 74". @param {string} source @returns {[string, object]} */
export function wordsOf(source) {
  if (source.startsWith('osc-')) return ['perform.osc', { address: source.slice('osc-'.length) }];
  const [kind, first, second] = source.split('-');
  if (kind === 'sound') return [`perform.sound_${first}`, {}];
  const number = Number(second ?? first);
  return [`perform.${kind}`, { number: kind === 'axis' || kind === 'button' ? number + 1 : number, channel: first }];
}

/**
 * A button that learns for one parameter.
 * @param {import('./words.js').Words} words @param {import('./perform-player.js').Player} player @param {string} parameter
 */
export function learnButton(words, player, parameter) {
  const button = h('button', {
    type: 'button', class: 'learn', 'data-learn': parameter, id: `learn-${parameter}`, 'aria-labelledby': `learn-${parameter} label-${parameter}`,
    onclick: () => player.learn(player.learning === parameter ? '' : parameter),
  });
  return showLearned(words, player, button);
}

/** What moves it, or that it is waiting. @param {import('./words.js').Words} words @param {any} player @param {HTMLElement} button */
export function showLearned(words, player, button) {
  const parameter = button.dataset.learn ?? '';
  const mapping = player.mappings.of(parameter);
  const waits = player.learning === parameter;
  button.setAttribute('aria-pressed', String(waits));
  button.toggleAttribute('data-mapped', !!mapping);
  return words.put(button, ...(waits ? ['perform.waits', {}] : mapping ? wordsOf(mapping.source) : ['perform.learn', {}]));
}
