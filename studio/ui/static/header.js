/** The head of the page: the name, the language, the light. @module */

import { h } from './dom.js';
import { icon } from './icons.js';
import { LANGUAGES } from './words.js';

/** @param {HTMLElement} root @param {any} atelier */
export function mount(root, { words, theme }) {
  const language = h('button', {
    type: 'button', class: 'language', 'data-act': 'language', onclick: () => words.use(LANGUAGES[(LANGUAGES.indexOf(words.language) + 1) % LANGUAGES.length]),
  }, h('span', { 'data-for': 'en', lang: 'en' }, 'EN'), h('span', { 'aria-hidden': 'true' }, '·'), h('span', { 'data-for': 'zh', lang: 'zh-CN' }, '中'),
  words.put(h('span', { class: 'unseen' }), 'header.language'));
  words.put(language, 'header.language', {}, 'tip');
  const light = h('button', { type: 'button', class: 'sign', 'data-act': 'theme', onclick: () => theme.toggle() }, icon('half'));
  words.put(light, 'header.theme', {}, 'label');
  words.put(light, 'header.theme', {}, 'tip');
  root.replaceChildren(h('h1', { class: 'brand' }, 'Latent Atelier'), h('div', { class: 'head-tools' }, language, light));
}
