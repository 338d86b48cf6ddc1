/** The curator's page: a PIN, then what is settled, what happened, and what hangs on the wall. @module */

import { h } from '../dom.js';
import { icon } from '../icons.js';
import { LANGUAGES, openWords } from '../words.js';
import { ask } from './ask.js';

const AWAY = 180000; // ms without a touch until it locks itself
const FORGOT = 45000; // ms until the screen is itself again, where nobody enters a PIN
const DIGITS = 12;
const COUNTS = ['visitors', 'pictures', 'kept', 'taken', 'faults'];

async function open() {
  const words = await openWords(new URL('.', document.baseURI));
  const root = h('main', {});
  document.body.replaceChildren(root);
  let timer = 0;
  const enter = async () => {
    const state = await ask('curator/state').catch(() => null);
    root.replaceChildren(...(state ? settings(words, state, enter) : gate(words, enter)));
    watch(state ? AWAY : FORGOT, Boolean(state), state?.here ?? isHere());
  };
  const watch = (wait, inside, here) => {
    const leave = async () => {
      if (inside) await ask('curator/leave', {}).catch(() => {});
      if (here) location.assign('.');
      else await enter();
    };
    const again = () => {
      clearTimeout(timer);
      if (inside || here) timer = window.setTimeout(leave, wait);
    };
    document.onpointerdown = document.onkeydown = again;
    again();
  };
  await enter();
}

/** The screen itself stands here, and not a curator's phone. */
const isHere = () => ['localhost', '127.0.0.1', '[::1]'].includes(location.hostname);

/** @param {import('../words.js').Words} words @param {() => Promise<void>} enter */
function gate(words, enter) {
  let pin = '';
  const dots = h('output', { class: 'dots', 'aria-live': 'off' });
  const said = h('p', { class: 'said', role: 'alert' });
  const show = () => { dots.textContent = '•'.repeat(pin.length) || '\u00a0'; };
  const type = (digit) => {
    pin = (pin + digit).slice(0, DIGITS);
    show();
  };
  const erase = () => {
    pin = pin.slice(0, -1);
    show();
  };
  const send = async () => {
    if (!pin) return;
    const tried = pin;
    pin = '';
    show();
    try {
      await ask('curator/enter', { pin: tried });
      await enter();
    } catch (fault) {
      said.textContent = words.fault(/** @type {any} */ (fault).fault);
    }
  };
  const key = (label, press, given = {}) => h('button', { type: 'button', class: 'key', onclick: press, ...given }, label);
  const pad = h('div', { class: 'keys' }, ...'123456789'.split('').map((digit) => key(digit, () => type(digit), { 'data-digit': digit })),
    words.put(key('', erase, { 'data-act': 'erase' }), 'curator.erase'), key('0', () => type('0'), { 'data-digit': '0' }),
    words.put(key('', () => void send(), { 'data-act': 'enter' }), 'curator.enter'));
  const gate = h('section', { class: 'gate' }, words.put(h('h1'), 'curator.pin'), dots, pad, said, link(words, 'screen', '.'));
  gate.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
    if (/^\d$/.test(event.key)) type(event.key);
    if (event.key === 'Backspace') erase();
    if (event.key === 'Enter' && !(event.target instanceof HTMLButtonElement)) void send();
  });
  gate.tabIndex = -1;
  queueMicrotask(() => gate.focus());
  show();
  return [gate];
}

const link = (words, name, href) => words.put(h('a', { href, class: 'button', 'data-act': name }), `curator.${name}`);

/** @param {import('../words.js').Words} words @param {any} state @param {() => Promise<void>} again */
function settings(words, state, again) {
  const leave = words.put(h('button', {
    type: 'button', class: 'button', 'data-act': 'leave', onclick: () => ask('curator/leave', {}).then(again),
  }), 'curator.leave');
  return [
    h('header', {}, words.put(h('h1'), 'curator.title'), h('nav', {}, link(words, 'screen', '.'), link(words, 'wall', 'wall'), link(words, 'studio', 'studio'), leave)),
    state.readable ? null : words.put(h('p', { class: 'said' }), 'curator.broken'),
    figures(words, state.days),
    form(words, state),
    album(words, state.pictures, again),
    state.address ? words.put(h('p', { class: 'quiet' }), 'curator.address', { address: state.address }) : words.put(h('p', { class: 'quiet' }), 'curator.no_network'),
  ].filter(Boolean);
}

/** @param {any[]} days the newest first */
function figures(words, days) {
  const most = Math.max(1, ...days.map(({ visitors }) => visitors));
  const today = COUNTS.map((name) => h('div', { class: 'count' }, h('strong', { 'data-count': name }, String(days[0][name])), words.put(h('span'), `curator.${name}`)));
  const bars = [...days].reverse().map(({ day, visitors }) => {
    const bar = h('div', { class: 'bar', title: day }, h('i', {}), h('span', {}, day.slice(8)));
    bar.style.setProperty('--part', String(visitors / most));
    bar.setAttribute('aria-label', `${day}: ${visitors}`);
    bar.setAttribute('role', 'img');
    return bar;
  });
  return h('section', {}, words.put(h('h2'), 'curator.figures'), h('div', { class: 'counts' }, ...today), days.length > 1 && h('div', { class: 'bars' }, ...bars));
}

function form(words, { exhibition, shown, generators, limits }) {
  const say = (tag, key, params = {}) => words.put(h(tag), `curator.${key}`, params);
  const hint = (key, params) => words.put(h('p', { class: 'quiet' }), `curator.${key}`, params);
  const chosen = new Set(shown);
  const choices = generators.map(({ id, title }) => {
    const one = h('button', {
      type: 'button', class: 'choice', 'data-generator': id, 'aria-pressed': String(chosen.has(id)),
      onclick: () => {
        if (chosen.has(id) ? chosen.size > 1 : chosen.size < limits.generators) chosen[chosen.has(id) ? 'delete' : 'add'](id);
        one.setAttribute('aria-pressed', String(chosen.has(id)));
      },
    }, h('img', { src: `previews/${id}.webp`, alt: '' }), h('span', {}, words.pick(title)));
    return one;
  });
  const field = (key, input) => h('label', { class: 'field' }, say('span', key), input);
  const welcome = LANGUAGES.map((language) => h('textarea', { name: `welcome-${language}`, rows: 2, maxlength: limits.welcome, lang: language }, exhibition.welcome[language] ?? ''));
  const [opens, closes] = ['opens', 'closes'].map((name) => h('input', { type: 'time', name, value: exhibition[name] }));
  const idle = h('input', { type: 'number', name: 'idle', min: limits.least_idle, max: limits.most_idle, step: 5, value: exhibition.idle });
  const language = h('select', { name: 'language' }, ...LANGUAGES.map((one) => words.put(h('option', { value: one, selected: one === exhibition.language }), `curator.language_${one}`)));
  const said = h('p', { class: 'said', role: 'status' });
  const save = async () => {
    try {
      await ask('curator/settle', {
        generators: [...chosen], welcome: Object.fromEntries(LANGUAGES.map((one, i) => [one, welcome[i].value])),
        opens: opens.value, closes: closes.value, idle: idle.valueAsNumber, language: language.value,
      });
      words.put(said, 'curator.saved');
    } catch (fault) {
      said.textContent = words.fault(/** @type {any} */ (fault).fault ?? { code: 'fault.connection' });
    }
  };
  return h('section', {},
    say('h2', 'generators'), hint('generators_hint', { most: limits.generators }), h('div', { class: 'choices' }, ...choices),
    say('h2', 'welcome'), hint('welcome_hint'), h('div', { class: 'fields' }, ...LANGUAGES.map((one, i) => field(`language_${one}`, welcome[i]))),
    say('h2', 'hours'), hint('hours_hint'), h('div', { class: 'fields' }, field('opens', opens), field('closes', closes)),
    h('div', { class: 'fields below' }, h('div', {}, field('idle', idle), hint('idle_hint')), field('language', language)),
    h('div', { class: 'saving' }, words.put(h('button', { type: 'button', class: 'button main', 'data-act': 'save', onclick: () => void save() }), 'curator.save'), said));
}

/** @param {any[]} pictures @param {() => Promise<void>} again */
function album(words, pictures, again) {
  const tell = (deed, given) => ask(`curator/${deed}`, given).catch(again);
  const tiles = pictures.map(({ id, favourite }) => {
    let liked = favourite;
    const like = h('button', {
      type: 'button', 'data-act': 'favour', 'aria-pressed': String(liked),
      onclick: () => {
        liked = !liked;
        like.setAttribute('aria-pressed', String(liked));
        void tell('favour', { id, on: liked });
      },
    }, icon('save'));
    const drop = h('button', { type: 'button', 'data-act': 'remove', onclick: () => { tile.remove(); void tell('remove', { id }); } }, icon('remove'));
    words.put(like, 'curator.favour', {}, 'label');
    words.put(drop, 'curator.remove', {}, 'label');
    const tile = h('div', { class: 'tile', 'data-picture': id }, h('img', { src: `gallery/${id}/thumb.webp`, alt: '', loading: 'lazy' }), h('div', {}, like, drop));
    return tile;
  });
  return h('section', {}, words.put(h('h2'), 'curator.pictures'), words.put(h('p', { class: 'quiet' }), tiles.length ? 'curator.pictures_hint' : 'curator.none'),
    h('div', { class: 'album' }, ...tiles));
}

void open();
