/** Performing: knobs, sticks and sound move the controls, and a stage window shows the picture alone. @module */

import { clamp, giveFile, h, round } from './dom.js';
import { CURVES, Mappings, readMappings } from './mappings.js';
import { gamepad } from './perform-gamepad.js';
import { watchHands } from './perform-hands.js';
import { learnButton, showLearned, wordsOf } from './perform-learn.js';
import { Midi } from './perform-midi.js';
import { Osc } from './perform-osc.js';
import { DEEDS, openParameters, PLACES } from './perform-parameters.js';
import { Player } from './perform-player.js';
import { recording } from './perform-record.js';
import { Sound } from './perform-sound.js';
import { castStage } from './stage-cast.js';
import { group, signButton } from './widgets.js';

const LEVELS = ['low', 'mid', 'high', 'onset'];

/** @param {any} atelier @param {HTMLElement} panel @param {{root: HTMLElement, position: () => [number, number]}} picture @returns {import('./controls.js').Group} */
export function performGroup(atelier, panel, picture) {
  const { state, words, tell, toast } = atelier;
  const mappings = new Mappings();
  const { find, sliders } = openParameters(atelier, panel, picture);
  const hands = watchHands(document.body);
  const player = new Player({ mappings, find, hands, rest: () => state.rest(), tell });
  const heard = { hear: (source, level) => player.hear(source, level), changed: () => {
    showDevices();
    player.wake(); // there may be something to ask for
  } };
  const midi = new Midi(heard);
  const sound = new Sound(heard);
  const osc = new Osc(atelier, player, sliders, () => showDevices());
  const stage = castStage(atelier);
  let learning = false;
  let edited = false; // by a field of the list, which shows it already and keeps the focus

  const button = (name, press, given = {}) => {
    const made = words.put(h('button', { type: 'button', class: 'button', 'data-act': `perform-${name}`, onclick: press, ...given }), `perform.${name}`);
    return words.put(made, `perform.${name}_tip`, {}, 'tip');
  };
  const toggle = (name, device) => button(name, () => (device.on ? device.close() : device.open()), { 'aria-pressed': 'false' });
  const learn = button('learning', () => turn(!learning), { 'aria-pressed': 'false' });
  const [useMidi, useSound] = [toggle('midi', midi), toggle('sound', sound)];
  const record = button('record', () => atelier.record(), { 'aria-pressed': 'false' });
  const save = button('file', () => giveFile(mappings.text(), 'mappings.json'));
  const file = h('input', { type: 'file', accept: '.json,application/json', hidden: true, onchange: () => void bring() });
  const doings = h('div', { class: 'buttons' }, learn, useMidi, useSound, record, save, button('bring', () => file.click()), file);
  const said = h('p', { class: 'quiet perform-said', role: 'status' });
  const meters = LEVELS.map((name) => words.put(words.put(h('button', {
    type: 'button', class: 'meter', 'data-level': name, onclick: () => player.take(`sound-${name}`),
  }), `perform.sound_${name}`), 'perform.meter_tip', {}, 'tip'));
  const sounds = h('div', { class: 'meters', hidden: true }, ...meters);
  const others = h('div', { class: 'perform-others' }, ...[...DEEDS, ...PLACES].map((name) => h('div', { class: 'perform-other' },
    words.put(h('span', { class: 'row-name', id: `label-${name}` }), `perform.${name}`), learnButton(words, player, name))));
  const list = h('div', { class: 'mappings', 'data-role': 'mappings' });

  const turn = (on) => {
    learning = on;
    panel.toggleAttribute('data-learning', on);
    learn.setAttribute('aria-pressed', String(on));
    if (on && !midi.on) void midi.open();
    if (!on && player.learning) player.learn('');
    decorate();
    showDevices();
  };
  const decorate = () => {
    for (const range of learning ? sliders() : []) {
      if (!range.nextElementSibling?.matches('.learn')) range.after(learnButton(words, player, range.name));
    }
    for (const one of panel.querySelectorAll('.learn')) showLearned(words, player, /** @type {HTMLElement} */ (one));
  };
  const bring = async () => {
    const [chosen] = file.files;
    file.value = '';
    if (!chosen) return;
    try {
      const before = mappings.list;
      mappings.replace(readMappings(await chosen.slice(0, 2 ** 18).text()));
      toast(words.say('perform.brought', { n: mappings.list.length }), { label: words.say('perform.back'), press: () => mappings.replace(before) });
    } catch (fault) {
      tell(fault);
    }
  };
  const showDevices = () => {
    useMidi.setAttribute('aria-pressed', String(midi.on));
    useSound.setAttribute('aria-pressed', String(sound.on));
    sounds.hidden = !sound.on;
    for (const meter of meters) meter.disabled = !player.learning;
    const told = player.learning ? [['perform.move', {}]] : [recorded, midi, osc, sound].map((device) => device.said).filter(([key]) => !key.endsWith('_off'));
    said.replaceChildren(...told.map(([key, params]) => words.put(h('span', {}), key, params)));
    said.hidden = !told.length;
  };
  const showList = () => {
    if (!edited) list.replaceChildren(...mappings.list.map((one) => mappingRow(one)));
    edited = false;
    save.disabled = !mappings.list.length;
    decorate();
  };
  const mappingRow = (mapping) => {
    const { parameter, source, curve } = mapping;
    const here = find(parameter);
    const put = (patch) => {
      edited = true;
      mappings.put({ ...(mappings.of(parameter) ?? mapping), ...patch });
    };
    const number = (name) => {
      const field = h('input', { type: 'text', class: 'row-value', inputmode: 'decimal', autocomplete: 'off', value: round(mapping[name], 3), 'data-field': name, onchange: () => {
        const typed = Number(field.value.replace(',', '.'));
        const { min = -100, max = 100 } = here ?? {};
        if (field.value.trim() && Number.isFinite(typed)) put({ [name]: clamp(typed, min, max) });
        field.value = String(round((mappings.of(parameter) ?? mapping)[name], 3));
      } });
      return words.put(words.put(field, `perform.${name}`, {}, 'label'), `perform.${name}`, {}, 'tip');
    };
    const curves = words.put(h('select', { 'data-field': 'curve', onchange: () => put({ curve: curves.value }) },
      ...CURVES.map((name) => words.put(h('option', { value: name, selected: name === curve }), `film.ease_${name}`))), 'perform.curve', {}, 'label');
    const remove = signButton(words, 'remove', 'perform.remove', () => {
      const before = mappings.list;
      mappings.remove(parameter);
      toast(words.say('perform.removed'), { label: words.say('perform.back'), press: () => mappings.replace(before) });
    }, { class: 'sign small', 'data-act': 'perform-remove' });
    const deed = DEEDS.includes(parameter);
    return h('div', { class: 'mapping', 'data-parameter': parameter, 'data-here': String(!!here) },
      words.put(words.put(h('span', { class: 'mapping-source' }), ...wordsOf(source)), ...wordsOf(source), 'tip'), h('span', { 'aria-hidden': 'true' }, '→'), nameOf(parameter),
      ...(deed ? [] : [h('span', { class: 'mapping-range' }, number('from'), '–', number('to')), curves]), remove);
  };
  /** What the page calls it; what this generator lacks goes by its own name. */
  const nameOf = (parameter) => {
    const element = h('span', { class: 'mapping-name' });
    const label = document.getElementById(`label-${parameter}`)?.dataset.word;
    if (label) words.put(element, ...JSON.parse(label));
    else words.put(Object.assign(element, { textContent: parameter }), 'perform.elsewhere', {}, 'tip');
    return element;
  };

  player.polled.push(gamepad(player), {
    wanted: () => sound.on,
    poll: () => {
      sound.poll();
      meters.forEach((meter) => meter.style.setProperty('--level', String(sound.levels[meter.dataset.level ?? ''])));
    },
  });
  for (const happened of ['atelier:mappings', 'atelier:directions']) document.addEventListener(happened, () => queueMicrotask(showList));
  document.addEventListener('atelier:learn', () => {
    decorate();
    showDevices();
  });
  document.addEventListener('keydown', ({ key }) => key === 'Escape' && player.learning && player.learn(''));
  const openStage = button('stage', () => stage() || toast(words.say('perform.blocked')));
  const recorded = recording(atelier, record, picture.root, () => showDevices());
  void permitted().then((granted) => granted && mappings.list.some(({ source }) => /^(cc|note|bend)-/.test(source)) && midi.open());
  showDevices();

  let generator = '';
  return group(atelier, 'perform', {
    aside: openStage,
    root: [doings, said, sounds, others, list],
    show: (controls) => {
      if (generator !== controls.generator) queueMicrotask(showList); // its sliders stand on the page by then
      else if (learning) queueMicrotask(decorate);
      ({ generator } = controls);
    },
  });
}

/** MIDI was allowed before, so nobody is asked. */
async function permitted() {
  try {
    return (await navigator.permissions.query(/** @type {any} */ ({ name: 'midi' }))).state === 'granted';
  } catch {
    return false;
  }
}
