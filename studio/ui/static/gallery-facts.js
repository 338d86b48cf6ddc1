/** A saved picture's recipe in words, for the large view and for comparing. @module */

/** @typedef {import('./gallery-album.js').Entry} Entry */

/** Names of shares, largest first: "A 70%, B 30%". @param {import('./words.js').Words} words @param {string} kind @param {Record<string, number>} shares */
function mixture(words, kind, shares) {
  const sorted = Object.entries(shares).sort(([, a], [, b]) => b - a);
  if (sorted.length === 1) return words.name(kind, sorted[0][0]);
  return words.list(sorted.map(([id, share]) => `${words.name(kind, id)} ${Math.round(share * 100)}%`));
}

const number = (value) => Number(value.toFixed(2)).toString();

const SAID = /** @type {Record<string, (words: import('./words.js').Words, recipe: any) => string>} */ ({
  classes: (words, { classes }) => mixture(words, 'class', classes),
  styles: (words, { styles }) => mixture(words, 'style', styles),
  blend: (words, { blend }) => words.say('fact.blend_of', { count: blend.length }),
  w: (words) => words.say('fact.w_found'),
  seed: (_, { seed }) => String(seed ?? 0),
  variation: (_, recipe) => `${Math.round(recipe.variation * 100)}% → ${recipe.variation_seed ?? 0}`,
  position: (_, { position }) => position.map(number).join(', '),
  truncation: (_, { truncation }) => number(truncation),
  directions: (words, { directions }) => words.list(Object.entries(directions).map(([id, by]) => `${words.name('direction', id)} ${by > 0 ? '+' : ''}${number(by)}`)),
  mix_layers: (_, recipe) => `${recipe.mix_seed ?? 0} (${recipe.mix_layers.map((layer) => layer + 1).join(', ')})`,
  bends: (words, { bends }) => words.say('fact.bends_of', { count: bends.length }),
  noise_seed: (_, { noise_seed }) => String(noise_seed),
  side: (_, { side }) => `${side} px`,
  temperature: (_, { temperature }) => number(temperature),
  strokes: (_, { strokes }) => String(strokes.length),
  upscale: (_, { upscale }) => `×${upscale}`,
});

/**
 * What there is to say of a recipe; what stands at its default is not said, but a seed always is, unless something stands in its place.
 * @param {import('./words.js').Words} words @param {any} recipe @returns {{key: string, text: string}[]}
 */
export function facts(words, recipe) {
  return Object.keys(SAID)
    .filter((key) => (key === 'seed' ? !recipe.blend && !recipe.w : recipe[key] !== undefined))
    .map((key) => ({ key, text: SAID[key](words, recipe) }));
}

/** The keys in which recipes differ. @param {any[]} recipes @returns {Set<string>} */
export function differing(recipes) {
  const said = (recipe, key) => JSON.stringify([recipe[key] ?? null, key === 'variation' ? recipe.variation_seed : key === 'mix_layers' ? recipe.mix_seed : null]);
  return new Set(Object.keys(SAID).filter((key) => new Set(recipes.map((recipe) => said(recipe, key))).size > 1));
}

/** Date and time as the visitor's own country writes them, in the language of the page. @param {import('./words.js').Words} words @param {string} created */
export function when(words, created) {
  const language = navigator.languages.find((tag) => tag.startsWith(words.language)) ?? words.language;
  return new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(created));
}
