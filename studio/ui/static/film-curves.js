/** The curves of a film's tracks as the studio reads them: by hand, and after the music. @module */

import { clamp } from './dom.js';
import { EASES } from './easing.js';

const STEPS = 100; // values a second of what follows the music

/** The lowest and the highest that a parameter goes. @param {string} parameter @returns {[number, number]} */
export function rangeOf(parameter) {
  if (parameter.startsWith('direction:')) return [-5, 5];
  return { truncation: [0, 1.5], temperature: [0, 1.5] }[parameter] ?? [0, 1];
}

/** The curve drawn by hand at a moment. @param {any[]} points @param {number} at @param {{seconds: number, loop: boolean}} film */
export function drawn(points, at, { seconds, loop }) {
  const here = points.filter((point) => point.at <= at).length - 1;
  const there = (here + 1) % points.length;
  if (!loop && (here < 0 || there === 0)) return points[Math.max(here, 0)].value;
  const [from, to] = [points.at(here), points[there]];
  const around = (time) => ((time % seconds) + seconds) % seconds;
  const along = EASES[from.ease](Math.min(around(at - from.at) / (around(to.at - from.at) || seconds), 1));
  return from.value + (to.value - from.value) * along;
}

/** What is followed, 0 .. 1, rising to each peak and falling from it. @param {any} follow @param {any} heard */
export function envelope({ source, attack, decay }, heard) {
  const found = new Float32Array(Math.round(heard.seconds * STEPS) + 1);
  if (source === 'beats' || source === 'onsets') {
    heard[source].forEach((moment, k) => {
      const place = Math.round(moment * STEPS);
      found[place] = Math.max(found[place], source === 'beats' ? 1 : heard.strengths[k]);
    });
  } else {
    const [curve, pace] = [heard.curves[source], heard.pace / STEPS];
    found.forEach((_, k) => { found[k] = (curve[Math.min(Math.floor(k * pace), curve.length - 1)] ?? 0) / 255; });
  }
  const [fall, rise] = [decay ? Math.exp(-1 / (decay * STEPS)) : 0, attack ? 1 / (attack * STEPS) : 1];
  for (let k = 1; k < found.length; k += 1) found[k] = Math.max(found[k], found[k - 1] * fall);
  for (let k = found.length - 2; k >= 0; k -= 1) found[k] = Math.max(found[k], found[k + 1] - rise);
  return found;
}

/** A track's value at any moment of its film, within its range. @param {any} track @param {any} film @param {any} heard */
export function reading(track, film, heard) {
  const [least, most] = rangeOf(track.parameter);
  const followed = track.follow && heard ? envelope(track.follow, heard) : null;
  return (at) => {
    const place = followed ? Math.round(((film.music?.start ?? 0) + at - track.follow.delay) * STEPS) : 0;
    return clamp(drawn(track.points, at, film) + (followed ? track.follow.amount * (followed[place] ?? 0) : 0), least, most);
  };
}
