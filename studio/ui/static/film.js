/** Film: pictures at moments, how one becomes the next, played at once and written as a file. @module */

import { h, isWriting, later, round } from './dom.js';
import { icon } from './icons.js';
import { Live } from './live.js';
import { paint } from './stage.js';
import { anySeed, compact, complete } from './state.js';
import { bare, Steps, stretched, told, whole as filled } from './film-kept.js';
import { filmMusic } from './film-music.js';
import { shooting } from './film-shoot.js';
import { timeline } from './film-timeline.js';
import { filmTracks } from './film-tracks.js';
import { signButton, sliderRow } from './widgets.js';

const EVERY = 3; // seconds from one picture to the next, unless the hand says otherwise
const LONGEST = 600; // seconds
const CHOICES = { path: ['slerp', 'linear', 'spline'], rate: [12, 24, 25, 30, 60], ease: ['soft', 'even', 'start', 'stop', 'hold'] };

/** @param {HTMLElement} root @param {any} atelier */
export function mount(root, atelier) {
  const { words, state, base, api, toast, tell } = atelier;
  const live = new Live(base, api, { rests: false });
  const canvas = words.put(h('canvas', { width: 64, height: 64, class: 'film-picture', 'data-role': 'film-picture' }), 'film.picture', {}, 'label');
  const seam = h('p', { class: 'quiet', role: 'status', 'data-role': 'seam' });
  const steps = new Steps(state);
  let film = steps.film;
  let chosen = 0;
  let playing = false;
  let ready = /** @type {Promise<any>|null} */ (null);
  let at = 0;
  let moment = /** @type {any} */ (null); // the recipe of what stands there, once it rests

  const declaration = () => state.declared(film.keys[0]?.recipe.generator);
  const whole = () => film.keys.length >= 2;

  /** The film has changed: it is made ready anew once the hand rests. */
  const changed = () => {
    show();
    seam.textContent = '';
    ready = null;
    if (whole()) makeReady();
    else if (film.keys.length) live.draw(complete(film.keys[0].recipe), true);
  };
  const makeReady = later(() => {
    const made = film;
    ready = live.reel(told(film)).then((reel) => {
      if (made !== film) return;
      const closed = reel.seam <= 1.5 * reel.step + 0.02;
      words.put(seam, film.loop ? `film.seam_${closed ? 'closed' : 'open'}` : 'film.frames', { frames: reel.frames });
      if (!playing) live.play(at, true);
    }).catch(tell);
  }, 250);
  const change = (patch) => {
    film = { ...film, ...patch };
    film.keys = [...film.keys].sort((a, b) => a.at - b.at);
    steps.push(film);
    changed();
  };
  const open = (made) => {
    [chosen, at] = [0, 0];
    change(filled(made));
  };
  const go = (by) => {
    if (!(by < 0 ? steps.canUndo : steps.canRedo)) return;
    steps.go(by);
    film = steps.film;
    at = Math.min(at, film.seconds);
    changed();
  };
  const seek = (to, rest = true) => {
    at = Math.min(Math.max(to, 0), film.seconds);
    line.show(film, chosen, at);
    if (playing) music.play(at);
    if (ready) live.play(at, rest);
  };
  const music = filmMusic(atelier, { film: () => film, change, seek, listened: () => tracks.show() });
  const tracks = filmTracks(atelier, { film: () => film, change, heard: () => music.heard });
  const line = timeline(atelier, {
    seek: (to) => seek(to, false), rest: () => seek(at),
    choose: (number) => { chosen = number; seek(film.keys[number].at); show(); },
    move: (number, to, rest) => {
      const keys = film.keys.map((key, k) => (k === number ? { ...key, at: to } : key));
      if (rest) change({ keys });
      else line.show({ ...film, keys }, chosen, at);
    },
  });

  /** A picture goes to the end of the film, and the film grows by as much. */
  const add = (recipe) => {
    const own = film.keys[0]?.recipe.generator;
    if (own && own !== recipe.generator) return toast(words.say('fault.film_generators'));
    const last = film.keys.at(-1);
    const place = last ? round(last.at + EVERY, 2) : 0;
    const keys = [...film.keys, { at: place, ease: 'soft', recipe: bare(recipe) }];
    chosen = keys.length - 1;
    const kept = last ? film.tracks : film.tracks.filter(({ parameter }) => tracks.possible(recipe.generator).includes(parameter));
    change({ keys, tracks: kept, seconds: round(place + EVERY, 2) });
  };
  const remove = () => {
    const keys = film.keys.filter((_, k) => k !== chosen);
    const first = keys[0]?.at ?? 0;
    chosen = Math.max(0, chosen - 1);
    change({ keys: keys.map((key) => ({ ...key, at: round(key.at - first, 2) })), seconds: Math.max(round(film.seconds - first, 2), 1) });
  };
  const step = () => {
    if (!playing) return;
    const now = performance.now();
    at = music.now(at + (now - before) / 1000);
    before = now;
    if (at >= film.seconds) {
      if (!film.loop) return press(false);
      at %= film.seconds;
      music.play(at);
    }
    line.show(film, chosen, at);
    if (ready && !live.waiting) live.play(at);
    requestAnimationFrame(step);
  };
  let before = 0;
  const press = (on) => {
    playing = on && whole();
    play.setAttribute('aria-pressed', String(playing));
    play.replaceChildren(icon(playing ? 'pause' : 'play'));
    before = performance.now();
    if (!playing) {
      music.pause();
      return seek(at);
    }
    if (at >= film.seconds) at = 0;
    music.play(at);
    requestAnimationFrame(step);
  };
  const undo = signButton(words, 'undo', 'act.undo', () => go(-1), { 'data-act': 'film-undo' });
  const redo = signButton(words, 'redo', 'act.redo', () => go(1), { 'data-act': 'film-redo' });
  const play = signButton(words, 'play', 'film.play', () => press(!playing), { 'data-act': 'film-play', 'aria-pressed': 'false' });
  const act = (deed, run) => words.put(words.put(h('button', { type: 'button', class: 'button', 'data-act': `film-${deed}`, onclick: run }),
    `film.${deed}`), `film.${deed}_tip`, {}, 'tip');
  const select = (name, of, use) => {
    const box = h('select', { id: `film-${name}`, 'data-act': `film-${name}`, onchange: () => use(name === 'rate' ? Number(box.value) : box.value) },
      ...of.map((one) => (name === 'rate' ? h('option', { value: one }, String(one)) : words.put(h('option', { value: one }), `film.${name}_${one}`))));
    const title = words.put(words.put(h('label', { for: box.id, class: 'row-name' }), `film.${name}`), `film.${name}_tip`, {}, 'tip');
    return { box, root: h('div', { class: 'film-row' }, title, box) };
  };
  const check = (name) => {
    const box = h('input', { type: 'checkbox', id: `film-${name}`, 'data-act': `film-${name}`, onchange: () => change({ [name]: box.checked }) });
    const title = words.put(words.put(h('label', { for: box.id }), `film.${name}`), `film.${name}_tip`, {}, 'tip');
    return { box, root: h('p', { class: 'film-check' }, box, title) };
  };
  const fields = { path: select('path', CHOICES.path, (path) => change({ path })), rate: select('rate', CHOICES.rate, (rate) => change({ rate })) };
  const ease = select('ease', CHOICES.ease, (one) => change({ keys: film.keys.map((key, k) => (k === chosen ? { ...key, ease: one } : key)) }));
  const checks = { loop: check('loop'), even: check('even') };
  const length = sliderRow(words, { // by octaves: from a second to ten minutes
    name: 'film-seconds', label: ['film.seconds'], tip: 'film.seconds_tip', min: 0, max: Math.log2(LONGEST), step: 0.01, usual: Math.log2(10),
    spell: (at) => (2 ** at).toFixed(1), read: (text) => Math.log2(Number(text)),
    input: (place, { rest }) => rest && change(stretched(film, round(2 ** place, 1))),
  });
  const shoot = shooting(atelier, () => told(film));
  const file = h('input', { type: 'file', hidden: true, accept: '.mp4,.webm,.webp,.gif,.zip,.json', 'data-role': 'film-file', onchange: async () => {
    const [given] = file.files;
    file.value = '';
    if (!given) return;
    try {
      open(await api.post('films/open', given));
    } catch (fault) {
      tell(fault);
    }
  } });
  const tools = h('div', { class: 'buttons' }, act('add', () => add(compact(state.recipe))),
    act('chance', () => add({ ...compact(film.keys[chosen] ? complete(film.keys[chosen].recipe) : state.recipe), seed: anySeed(), position: undefined, blend: undefined, flat: undefined })),
    act('replace', () => film.keys[chosen] && change({ keys: film.keys.map((key, k) => (k === chosen ? { ...key, recipe: bare(compact(state.recipe)) } : key)) })),
    act('take', () => {
      if (!film.keys.length) return;
      state.restore(moment ?? film.keys[chosen].recipe);
      atelier.openTab('create');
    }), act('remove', remove), act('open', () => file.click()), file);

  const show = () => {
    const made = whole();
    root.dataset.state = film.keys.length ? (made ? 'film' : 'one') : 'empty';
    chosen = Math.min(chosen, Math.max(film.keys.length - 1, 0));
    for (const deed of ['replace', 'take', 'remove']) tools.querySelector(`[data-act=film-${deed}]`).disabled = !film.keys.length;
    play.disabled = !made;
    undo.disabled = !steps.canUndo;
    redo.disabled = !steps.canRedo;
    shoot.show(made);
    fields.path.box.value = film.path;
    fields.rate.box.value = String(film.rate);
    ease.box.value = film.keys[chosen]?.ease ?? 'soft';
    checks.loop.box.checked = film.loop;
    checks.even.box.checked = film.even;
    length.show(Math.log2(film.seconds));
    music.show();
    tracks.show();
    line.show(film, chosen, at);
  };
  live.on('frame', ({ header, picture }) => {
    moment = header.rest ? header.recipe : null;
    paint(canvas, picture, declaration().rendering, header.rest ? 512 : 256);
    document.dispatchEvent(new CustomEvent('atelier:film-painted', { detail: { rest: header.rest } }));
  });
  live.on('fault', (fault) => toast(words.fault(fault)));
  root.replaceChildren(h('div', { class: 'film' },
    h('div', { class: 'film-stage' }, canvas, words.put(h('p', { class: 'film-empty quiet' }), 'film.empty')),
    h('aside', { class: 'film-panel' }, tools, h('div', { class: 'rows' }, ease.root, length.root, fields.path.root, fields.rate.root),
      checks.loop.root, checks.even.root, seam, music.root, tracks.root, shoot.root),
    h('div', { class: 'film-line' }, h('div', { class: 'film-hands' }, play, undo, redo), line.root)));
  line.rows.append(music.lane, tracks.lanes);
  document.addEventListener('keydown', (event) => {
    const element = /** @type {HTMLElement} */ (event.target);
    if (atelier.tab() !== 'film' || isWriting(element) || event.altKey || document.querySelector('dialog[open]')) return;
    const [key, whole] = [event.key.toLowerCase(), event.ctrlKey || event.metaKey];
    if (key === ' ' && !element.matches('button, a, summary, [role=tab], input, video')) press(!playing);
    else if (key === 'z') go(whole && event.shiftKey ? 1 : -1);
    else if (key === 'y') go(1);
    else return;
    event.preventDefault();
  });
  atelier.film = { add, open, music, get film() { return film; }, get at() { return at; } };
  live.on('mode', (mode) => mode === 'live' && film.keys.length && changed());
  show();
}
