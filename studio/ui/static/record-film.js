/** From a recording to a film: what one slider did becomes a curve, everything else pictures, as few as tell it. @module */

import { round } from './dom.js';
import { rangeOf } from './film-curves.js';
import { bare } from './film-kept.js';
import { SLOT } from './record.js';
import { compact } from './state.js';

export const CLOSE = 0.01; // of a parameter's whole range: what is told more closely needs no point of its own
const MOST_TRACKS = 8;
const MOST_POINTS = 64; // of a track, and pictures of a film
const STILL = 3 * SLOT; // seconds without a change, after which a movement was over
const SHORTEST = 1; // seconds
const TRACKS = { truncation: 'truncation', variation: 'variation', temperature: 'temperature', noise_turn: 'noise' };
const DIRECTION = 'direction:';

/**
 * @typedef {{at: number, values: number[], kind: string}} Moment values in parts of their ranges; `kind`: all else, which has no between
 * @typedef {Moment & {run: number}} Sample those of one run were one movement
 */

/**
 * @param {import('./record.js').Take} take
 * @returns {{film: any, off: number}} `off`: how far from what was played it is at the most, in parts of a range; 1 where a picture is missing
 */
export function filmOf({ base, changes, slot }) {
  const played = [{ at: 0, controls: base }];
  for (const [when, patch] of changes) played.push({ at: round(when * SLOT, 2), controls: { ...played[played.length - 1].controls, ...patch } });
  if (played[1]?.at === 0) played.shift();
  const parameters = curves(played);
  const tracks = parameters.map(({ parameter, samples }) => ({ parameter, ...thinned(samples, MOST_POINTS), samples }));
  const pictures = played.map(({ at, controls }) => ({ at, controls: without(controls, base, parameters.map(({ parameter }) => parameter)) }));
  const { samples, recipes } = standing(pictures);
  const keys = thinned(samples, MOST_POINTS);
  const seconds = Math.max(round(slot * SLOT, 2), round((played.at(-1)?.at ?? 0) + SLOT, 2), SHORTEST);
  const told = keys.kept.map((k, i) => ({ at: samples[k].at, ease: ease(samples, keys.kept, i), recipe: bare(compact(recipes[k])) }));
  if (told.length < 2) told.push({ ...told[0], at: round(seconds / 2, 2) });
  return {
    off: Math.max(keys.off, ...tracks.map(({ off }) => off)),
    film: {
      keys: told, seconds, loop: false,
      tracks: tracks.map(({ parameter, samples, kept }) => {
        const [least, most] = rangeOf(parameter);
        return { parameter, points: kept.map((k, i) => ({ at: samples[k].at, value: round(samples[k].values[0] * (most - least), 4), ease: ease(samples, kept, i) })) };
      }),
    },
  };
}

/**
 * The fewest samples that tell all: the one that is farthest from what the others tell, again and again, until none is off by more than
 * CLOSE or there is no more room (Douglas and Peucker 1973). Between two of one run the way is straight; else the earlier stands.
 * @param {Sample[]} samples @param {number} most @returns {{kept: number[], off: number}}
 */
export function thinned(samples, most) {
  const kept = [0];
  for (;;) {
    let worst = { off: 0, stands: 0, k: 0 };
    let here = 0;
    samples.forEach((sample, k) => {
      if (kept[here + 1] === k) here += 1;
      const off = apart(sample, samples[kept[here]], samples[kept[here + 1]]);
      const stands = (samples[k + 1]?.at ?? Infinity) - sample.at;
      if (off > worst.off || (off === worst.off && stands > worst.stands + SLOT / 2)) worst = { off, stands, k };
    });
    if (worst.off <= CLOSE || kept.length === most) return { kept, off: worst.off };
    const first = samples.findIndex(({ run }) => run === samples[worst.k].run); // without it nothing leads there
    kept.push(kept.includes(first) ? worst.k : first);
    kept.sort((a, b) => a - b);
  }
}

/** How far a sample is from what two others tell of its moment. @param {Sample} sample @param {Sample} from @param {Sample|undefined} to */
function apart(sample, from, to) {
  if (sample === from) return 0;
  const along = to?.run === from.run ? (sample.at - from.at) / (to.at - from.at) : 0;
  if (sample.kind !== from.kind) return 1;
  return sample.values.reduce((most, value, i) => Math.max(most, Math.abs(from.values[i] + ((to ?? from).values[i] - from.values[i]) * along - value)), 0);
}

/** @param {Sample[]} samples @param {number[]} kept @param {number} i */
const ease = (samples, kept, i) => (samples[kept[i + 1]]?.run === samples[kept[i]].run ? 'even' : 'hold');

/** Moments as samples: a new run begins where it stood still before, and where there is no between. @param {Moment[]} moments @returns {Sample[]} */
function inRuns(moments) {
  let run = 0;
  return moments.map(({ at, values, kind }, k) => {
    const before = moments[k - 1];
    if (before && (at - before.at > STILL + SLOT / 2 || kind !== before.kind)) run += 1;
    return { at, values, kind, run };
  });
}

/** What a track can tell: the parameters that changed, those that went farthest. @param {{at: number, controls: any}[]} played */
function curves(played) {
  const directions = new Set(played.flatMap(({ controls }) => Object.keys(controls.directions)));
  return [...Object.values(TRACKS), ...[...directions].map((name) => DIRECTION + name)].map((parameter) => {
    const [least, most] = rangeOf(parameter);
    const moments = changing(played.map(({ at, controls }) => ({ at, values: [valueOf(controls, parameter) / (most - least)], kind: '' })));
    const way = moments.reduce((sum, { values: [value] }, k) => sum + Math.abs(value - (moments[k - 1]?.values[0] ?? value)), 0);
    return { parameter, samples: inRuns(moments), way };
  }).filter(({ way }) => way > 0).sort((a, b) => b.way - a.way).slice(0, MOST_TRACKS);
}

/** @template {Moment} M @param {M[]} moments those that differ from the one before */
const changing = (moments) => moments.filter(({ values, kind }, k) => !k || kind !== moments[k - 1].kind || values.some((value, i) => value !== moments[k - 1].values[i]));

/** @param {any} controls @param {string} parameter */
function valueOf(controls, parameter) {
  if (parameter.startsWith(DIRECTION)) return controls.directions[parameter.slice(DIRECTION.length)] ?? 0;
  return controls[Object.keys(TRACKS).find((name) => TRACKS[name] === parameter) ?? ''];
}

/** Controls without what the tracks tell; what is written by hand no film has. @param {any} controls @param {any} base @param {string[]} tracks */
function without(controls, base, tracks) {
  const own = Object.fromEntries(Object.entries(TRACKS).filter(([, track]) => tracks.includes(track)).map(([name]) => [name, name === 'noise_turn' ? 0 : base[name]]));
  const directions = Object.fromEntries(Object.entries(controls.directions).filter(([name]) => !tracks.includes(DIRECTION + name)));
  return { ...controls, ...own, directions, strokes: [] };
}

/**
 * The pictures that stood, as samples: the place, shares and amounts have a between, all else has none.
 * @param {{at: number, controls: any}[]} pictures @returns {{samples: Sample[], recipes: any[]}}
 */
function standing(pictures) {
  const names = (field) => [...new Set(pictures.flatMap(({ controls }) => Object.keys(controls[field])))];
  const [classes, styles, directions] = ['classes', 'styles', 'directions'].map(names);
  const shares = (given, known) => {
    const all = Object.values(given).reduce((sum, share) => sum + share, 0) || 1;
    return known.map((name) => (given[name] ?? 0) / all);
  };
  const moments = changing(pictures.map(({ at, controls }) => {
    const { position, classes: a, styles: b, directions: c, ...rest } = controls;
    const scalars = Object.keys(TRACKS).map((name) => rest[name] / (rangeOf(TRACKS[name])[1]));
    const others = Object.entries(rest).filter(([name]) => !(name in TRACKS));
    return {
      at, controls, kind: JSON.stringify([!position, ...others]),
      values: [...(position ?? [0, 0]).map((x) => x / 8), ...shares(a, classes), ...shares(b, styles), ...directions.map((name) => (c[name] ?? 0) / 10), ...scalars],
    };
  }));
  return { recipes: moments.map(({ controls }) => controls), samples: inRuns(moments) };
}
