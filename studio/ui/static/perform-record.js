/** The performance recorded, and given to the Film tab when it ends. @module */

import { openFilm } from './keeping.js';
import { Recorder } from './record.js';
import { CLOSE, filmOf } from './record-film.js';

/** @param {any} atelier @param {HTMLElement} button @param {HTMLElement} picture @param {() => void} changed */
export function recording(atelier, button, picture, changed) {
  const { state, words, toast } = atelier;
  const show = () => {
    button.setAttribute('aria-pressed', String(recorder.on));
    picture.toggleAttribute('data-recording', recorder.on);
    changed();
  };
  const recorder = new Recorder(state, () => queueMicrotask(show));
  const end = async () => {
    const { film, off } = filmOf(recorder.stop());
    await openFilm(atelier, film);
    const told = { seconds: film.seconds.toFixed(1), keys: film.keys.length, tracks: film.tracks.length, percent: Math.ceil(off * 100) };
    toast(words.say(off > CLOSE ? 'record.rough' : 'record.made', told));
  };
  atelier.record = () => (recorder.on ? end() : recorder.start());
  return {
    /** @returns {[string, object]} */
    get said() {
      const { on, full, seconds } = recorder;
      const time = `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`;
      return [`record.${on ? (full ? 'full' : 'on') : 'off'}`, { time }];
    },
  };
}
