/** Where a recipe is taken up again: in Create, or at the bench of its last step. @module */

/** False where nothing here can draw it. @param {any} atelier @param {any} recipe @param {string|null} [parent] its picture's id in the gallery */
export function reopen(atelier, recipe, parent = null) {
  const { benches, state } = atelier;
  const last = recipe.after?.at(-1)?.translator;
  const bench = last && benches.of(last);
  if (last ? !bench : !state.declarations.some(({ id }) => id === recipe.generator)) return false;
  if (bench) {
    void benches.open(bench).then((own) => own.reopen(recipe, parent));
  } else {
    atelier.openTab('create');
    state.restore(recipe, { parents: parent ? [parent] : [] });
  }
  return true;
}
