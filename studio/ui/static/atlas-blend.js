/** What lies between the pictures of a map: a blend of the nearest, each counting for more the nearer it is. @module */

const MOST = 8; // pictures that a place lies between
const LEAST = 0.002; // a share below which a picture isn't seen

/** @typedef {import('./atlas-ground.js').Item} Item */

/**
 * A picture's part in a blend: itself, or where it is a plain blend its parts; null for what no blend can hold as it is.
 * @param {any} recipe @returns {{recipe: any, share: number}[]|null}
 */
function partsOf({ after, source, strokes, bends, directions, flat, blend, ...rest }) {
  if (after?.length || source || strokes?.length || bends?.length) return null;
  if (!blend?.length) return [{ recipe: directions ? { ...rest, directions } : rest, share: 1 }];
  return directions || flat || blend.some(({ layers }) => layers) ? null : blend;
}

/**
 * The recipe of a place, and what it is made of; null where nothing lies about it that can be blended. Pictures come and go at a share
 * of nothing (Franke 1980), so that a walk has no jumps, and on a picture it is that picture.
 * @param {Item[]} items @param {{x: number, y: number}} place @returns {{recipe: any, parents: any[]}|null}
 */
export function between(items, place) {
  const about = items.map((item) => ({ item, parts: partsOf(item.recipe), far: Math.hypot(item.now.x - place.x, item.now.y - place.y) }))
    .filter(({ parts }) => parts).sort((a, b) => a.far - b.far);
  const generator = about[0]?.item.recipe.generator;
  const all = about.filter(({ item }) => item.recipe.generator === generator);
  if (!all.length) return null;
  const near = all.slice(0, MOST);
  const reach = (all[MOST] ?? near[near.length - 1]).far * (all[MOST] ? 1 : 1.5) || 1;
  const weights = near.map(({ far }) => (Math.max(reach - far, 0) / Math.max(reach * far, 1e-9)) ** 2);
  const total = weights.reduce((sum, one) => sum + one, 0);
  const counted = near.map((one, i) => ({ ...one, share: total ? weights[i] / total : 1 / near.length })).filter(({ share }) => share > LEAST);
  const parents = counted.map(({ item }) => item.id ?? item.recipe);
  if (counted.length === 1) return { recipe: counted[0].item.recipe, parents };
  const blend = counted.flatMap(({ parts, share }) => (parts ?? []).map((part) => ({ recipe: part.recipe, share: part.share * share })));
  return { recipe: { generator, blend, noise_seed: counted[0].item.recipe.noise_seed ?? 0 }, parents };
}
