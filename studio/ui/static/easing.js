/** How a movement goes from its beginning to its end: 0 .. 1 to 0 .. 1, as `studio/easing.py` reads the same names. @module */

/** @type {Record<string, (t: number) => number>} */
export const EASES = { even: (t) => t, soft: (t) => t * t * (3 - 2 * t), start: (t) => t * t, stop: (t) => t * (2 - t), hold: () => 0 };
