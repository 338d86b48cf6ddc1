/** A film's pictures put on the beats of its music. @module */

import { round } from './dom.js';

const MOST = 64; // pictures
const LEAST = 0.04; // seconds between two
const BAR = 4; // beats

/**
 * The beats that a film could begin on, in its music's seconds: all, or those that a bar begins with.
 * @param {any} heard @param {1|4} every
 */
const beatsOf = ({ beats, bar }, every) => (every === BAR ? beats.filter((_, k) => k % BAR === bar) : beats);

/** A moment of the list nearest to another. @param {number[]} moments @param {number} to */
const nearest = (moments, to) => moments.reduce((best, one) => (Math.abs(one - to) < Math.abs(best - to) ? one : best), moments[0]);

/**
 * Every picture on the beat that is nearest to it, the first at the beginning: the film begins on a beat, and one that loops ends on one.
 * @param {any} film @param {any} heard
 */
export function snapped(film, heard) {
  const start = nearest(heard.beats, film.music.start);
  const moments = heard.beats.map((beat) => round(beat - start, 3));
  let last = -1;
  const keys = film.keys.map((key, k) => {
    const free = moments.filter((moment) => moment > last + LEAST);
    last = k === 0 ? 0 : free.length ? nearest(free, key.at) : Math.max(key.at, last + LEAST);
    return { ...key, at: last };
  });
  const later = moments.filter((moment) => moment > last + LEAST);
  const seconds = later.length ? nearest(later, film.seconds) : Math.max(film.seconds, last + 2 * LEAST);
  return { keys, seconds, music: { ...film.music, start: round(start, 3) } };
}

/**
 * A picture on each beat, or on each bar, for as long as the film was; where there are fewer, they come round again.
 * @param {any} film @param {any} heard @param {1|4} every @returns {any|null} nothing where two can't be placed
 */
export function onEach(film, heard, every) {
  const beats = beatsOf(heard, every);
  const first = Math.max(beats.findIndex((beat) => beat >= film.music.start - LEAST), 0);
  const step = (60 / heard.tempo) * every;
  const moments = beats.slice(first).map((beat) => round(beat - beats[first], 3)).filter((moment) => moment < film.seconds - LEAST).slice(0, MOST);
  if (moments.length < 2) return null;
  const after = beats[first + moments.length];
  const keys = moments.map((at, k) => ({ ...film.keys[k % film.keys.length], at }));
  return { keys, seconds: round(after ? after - beats[first] : moments[moments.length - 1] + step, 3), music: { ...film.music, start: round(beats[first], 3) } };
}
