/** The Models tab: a card for each checkpoint, so that nobody has to guess what a picture was made by. @module */

import { UNNAMED } from './directions.js';
import { h } from './dom.js';
import { icon } from './icons.js';

/** @param {HTMLElement} root @param {any} atelier */
export function mount(root, atelier) {
  const draw = () => root.replaceChildren(
    atelier.words.put(h('p', { class: 'models-lead quiet' }), 'models.lead'),
    h('div', { class: 'models' }, ...[...atelier.state.declarations, ...atelier.translators].map((one) => card(one, atelier))));
  document.addEventListener('atelier:language', draw);
  draw();
}

/** @param {any} one a declaration @param {any} atelier */
function card(one, atelier) {
  const { words } = atelier;
  const title = words.pick(one.title);
  const preview = h('img', {
    src: atelier.api.at(`previews/${one.id}.webp`), alt: words.say('models.preview', { title }), loading: 'lazy',
    class: one.rendering === 'crisp' ? 'crisp' : '', onerror: () => preview.remove(),
  });
  const play = h('button', { type: 'button', class: 'button first', 'data-play': one.id, onclick: () => open(one.id, atelier) },
    icon('play'), words.put(h('span'), 'models.play'));
  play.setAttribute('aria-label', words.say('models.play_named', { title }));
  return h('article', { class: 'model', 'data-model': one.id },
    h('div', { class: 'model-side' }, preview, facts(one, words)),
    h('div', { class: 'model-text' },
      h('header', {}, h('h2', {}, title), play),
      h('p', {}, draws(one, words)),
      scores(one, words),
      curves(one, words),
      sheet('sheets', one, atelier),
      sheet('neighbours', one, atelier),
      limits(one, words)));
}

/** @param {string} id @param {any} atelier */
function open(id, atelier) {
  const bench = atelier.benches.of(id);
  if (bench) return void atelier.benches.open(bench).then((own) => own.use(own.plan.translators.find((one) => one.id === id)));
  atelier.state.choose(id);
  atelier.openTab('create');
}

/** What it draws, in a sentence. @param {any} one @param {import('./words.js').Words} words */
function draws(one, words) {
  if (one.options) return works(one, words);
  const list = (kind, ids) => {
    const names = ids.map((id) => words.name(kind, id));
    return names.length > 8 ? `${words.list(names.slice(0, 3))} … ${names.at(-1)}` : words.list(names);
  };
  const parts = [words.say('models.size', { size: one.size })];
  if (one.classes.length) parts.push(words.say('models.classes', { count: one.classes.length, names: list('class', one.classes) }));
  if (one.styles.length) parts.push(words.say('models.styles', { count: one.styles.length, names: list('style', one.styles) }));
  if (one.layers > 1) parts.push(words.say('models.mixes', { count: one.layers }));
  if (one.is_map) parts.push(words.say('models.map'));
  const named = Object.keys(one.directions ?? {}).filter((name) => !UNNAMED.test(name));
  if (named.length) parts.push(words.say('models.directions', { names: list('direction', named) }));
  return parts.join(words.say('models.join'));
}

/** What it does to a picture. @param {any} one @param {import('./words.js').Words} words */
function works(one, words) {
  const turned = one.options.map(({ name }) => `option.${name}`).filter((key) => words.has(key)).map((key) => words.say(key));
  const parts = [words.say(one.given === 'sketch' ? 'models.of_sketch' : 'models.of_picture')];
  if (one.factor > 1) parts.push(words.say('models.factor', { factor: one.factor }));
  if (turned.length) parts.push(words.say('models.options', { names: words.list(turned) }));
  return parts.join(words.say('models.join'));
}

/** @param {any} one @param {import('./words.js').Words} words */
function facts(one, words) {
  const training = Object.entries(one.training ?? {}).filter(([, value]) => ['string', 'number'].includes(typeof value));
  const rows = [
    ['models.family', words.name('family', one.family)],
    ['models.source', linked(one.source)],
    ['models.licence', linked(one.licence)],
    ...training.filter(([key]) => words.has(`training.${key}`)).map(([key, value]) => [`training.${key}`, amount(key, value, words)]),
    ['models.weights', h('code', {}, one.short_hash)],
  ].filter(([, value]) => value);
  return h('dl', { class: 'facts' }, ...rows.flatMap(([key, value]) => [words.put(h('dt'), /** @type {string} */ (key)), h('dd', {}, value)]));
}

/** @param {string} key @param {string|number} value @param {import('./words.js').Words} words */
function amount(key, value, words) {
  if (typeof value !== 'number') return value;
  if (key !== 'minutes') return value.toLocaleString(words.language);
  return value < 90 ? words.say('models.minutes', { count: Math.round(value) }) : words.say('models.hours', { count: Number((value / 60).toFixed(1)) });
}

/** Web addresses in a text become links. @param {string} text */
function linked(text) {
  const parts = (text ?? '').split(/(https?:\/\/[^\s,;)]+)/);
  return text && h('span', {}, ...parts.map((part) => (part.startsWith('http') ? h('a', { href: part, target: '_blank', rel: 'noopener' }, part.replace(/^https?:\/\//, '')) : part)));
}

/** What was measured; the same figure of real pictures stands beside it, since it says what can be had. @param {any} one @param {import('./words.js').Words} words */
function scores(one, words) {
  const measured = one.scores ?? {};
  const names = Object.keys(measured).filter((name) => !(name.startsWith('real_') && name.slice(5) in measured));
  if (!names.length) return words.put(h('p', { class: 'quiet' }), 'models.no_scores');
  const row = (name) => {
    const real = measured[`real_${name}`];
    return h('li', {}, h('span', {}, words.name('score', name)), h('strong', {}, figure(name, measured[name], words)),
      words.has(`score.${name}.means`) && words.put(h('span', { class: 'quiet' }), `score.${name}.means`),
      real !== undefined && words.put(h('span', { class: 'quiet' }), 'models.real', { value: figure(name, real, words) }));
  };
  return h('section', {}, words.put(h('h3'), 'models.scores'), h('ul', { class: 'scores' }, ...names.map(row)));
}

/** Shares are told in per cent, other figures with three digits that matter. @param {string} name @param {number} value @param {import('./words.js').Words} words */
function figure(name, value, words) {
  const options = /accuracy|precision|recall|coverage|density/.test(name) && value <= 1
    ? { style: 'percent', maximumFractionDigits: 1 } : { maximumSignificantDigits: 3 };
  return new Intl.NumberFormat(words.language, /** @type {any} */ (options)).format(value);
}

/** How the training went: a line a figure over the images seen. @param {any} one @param {import('./words.js').Words} words */
function curves(one, words) {
  const told = Object.entries(one.training?.curve ?? {}).filter(([name, { value }]) => words.has(`curve.${name}`) && value.length > 1);
  if (!told.length) return null;
  const drawn = ([name, { images, value }]) => {
    const [first, last] = [images[0], images.at(-1)];
    const [low, high] = [Math.min(...value), Math.max(...value)];
    const x = (count) => (last > first ? ((count - first) / (last - first)) * 100 : 0).toFixed(1);
    const y = (amount) => (high > low ? 38 - ((amount - low) / (high - low)) * 36 : 20).toFixed(1);
    const number = new Intl.NumberFormat(words.language, { maximumSignificantDigits: 3 });
    const about = words.say('models.curve', { name: words.say(`curve.${name}`), from: number.format(value[0]), to: number.format(value.at(-1)), images: last.toLocaleString(words.language) });
    const picture = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    picture.setAttribute('viewBox', '0 0 100 40');
    picture.setAttribute('preserveAspectRatio', 'none');
    picture.setAttribute('aria-hidden', 'true');
    const line = document.createElementNS(picture.namespaceURI, 'polyline');
    line.setAttribute('points', value.map((amount, i) => `${x(images[i])},${y(amount)}`).join(' '));
    picture.append(line);
    return h('li', { title: about }, h('span', {}, words.say(`curve.${name}`)), h('span', { class: 'quiet' }, `${number.format(value[0])} → ${number.format(value.at(-1))}`), picture);
  };
  return h('section', {}, words.put(h('h3'), 'models.curves'), h('ul', { class: 'curves' }, ...told.map(drawn)));
}

/** Many pictures at once, fetched when somebody wants to see them; not there where it was never measured. @param {'sheets'|'neighbours'} kind @param {any} one @param {any} atelier */
function sheet(kind, one, { words, api }) {
  if (!Object.keys(one.scores ?? {}).length) return null;
  const title = words.pick(one.title);
  const folded = h('details', { class: 'sheet-of', 'data-sheet': kind, ontoggle: () => {
    if (!folded.querySelector('img')) folded.append(h('img', { src: api.at(`${kind}/${one.id}.webp`), alt: words.say(`models.${kind}_of`, { title }) }));
  } }, words.put(h('summary'), `models.${kind}`), words.put(h('p', { class: 'quiet' }), `models.${kind}_means`));
  return folded;
}

/** @param {any} one @param {import('./words.js').Words} words */
function limits(one, words) {
  const said = words.pick(one.limits);
  if (!said?.length) return null;
  return h('section', {}, words.put(h('h3'), 'models.limits'), h('ul', { class: 'limits' }, ...said.map((sentence) => h('li', {}, sentence))));
}
