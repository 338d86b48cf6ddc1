/** Where a picture is kept: in the gallery, or in the film. @module */

import { compact, complete } from './state.js';

/** Save a picture in the gallery, with what it came from. @param {any} atelier @param {any} recipe @param {any[]} parents ids or recipes */
export async function keep({ api }, recipe, parents) {
  const entry = /** @type {any} */ (await api.call('save', [compact(complete(recipe)), parents]));
  document.dispatchEvent(new CustomEvent('atelier:saved', { detail: entry }));
  return entry;
}

/** The Film tab, once it stands. @param {any} atelier */
async function filmTab(atelier) {
  atelier.openTab('film');
  while (!atelier.film) await new Promise(requestAnimationFrame);
  return atelier.film;
}

/** A picture goes to the end of the film. @param {any} atelier @param {any} recipe */
export const toFilm = async (atelier, recipe) => (await filmTab(atelier)).add(compact(complete(recipe)));

/** A whole film takes the place of the one that is worked on, which undo brings back. @param {any} atelier @param {any} film */
export const showFilm = async (atelier, film) => (await filmTab(atelier)).open(film);

/** A film that has no music keeps what was brought for the one on the timeline. @param {any} atelier @param {any} made */
export async function openFilm(atelier, made) {
  const { film } = await filmTab(atelier);
  return showFilm(atelier, { music: film.music, ...made });
}
