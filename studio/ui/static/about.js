/** The About tab: what this is and what its words mean. @module */

import { h } from './dom.js';

const TERMS = [['seed.name', 'about.seed'], ['about.latent', 'about.latent_text'], ['variation.name', 'about.variation'], ['group.style', 'about.style'],
  ['group.character', 'about.truncation'], ['group.directions', 'about.directions'], ['group.mix', 'about.mix']];

/** @param {HTMLElement} root @param {any} atelier */
export function mount(root, { words, keyList, api, state }) {
  const title = (word) => words.put(h('h2'), word);
  const text = (word) => words.put(h('p'), word);
  root.replaceChildren(h('article', { class: 'about' },
    words.put(h('p', { class: 'about-lead' }), 'about.lead'),
    h('section', {}, title('about.recipe_title'), text('about.recipe')),
    h('section', {}, title('about.words_title'), h('dl', { class: 'terms' }, ...TERMS.flatMap(([term, meaning]) => (
      [words.put(h('dt'), term), words.put(h('dd'), meaning)])))),
    h('section', {}, title('about.keys_title'), keyList()),
    h('section', {}, title('about.api_title'), text('about.api'),
      h('pre', { tabindex: 0 }, h('code', {}, example(api.at('.'), state)))),
    h('section', {}, title('about.private_title'), text('about.private'))));
}

/** The shortest program that draws a picture here. @param {string} address @param {any} state */
function example(address, { declarations }) {
  return `from gradio_client import Client

studio = Client("${address}")
print(studio.predict({"generator": "${declarations[0]?.id}", "seed": 7}, api_name="/draw"))`;
}
