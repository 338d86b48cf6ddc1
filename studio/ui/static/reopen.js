/** Where a recipe is taken up again: in Create, or at the bench of its last step. @module */

/** False where nothing here can draw it. @param {any} atelier @param {any} recipe @param {string|null} [parent] its picture's id in the gallery */
export function reopen(atelier, recipe, parent = null) {
  const last = recipe.after?.at(-1)?.translator;
  const bench = [...atelier.benches.values()].find(({ plan }) => plan.translators.some(({ id }) => id === last));
  if (last ? !bench : !atelier.state.declarations.some(({ id }) => id === recipe.generator)) return false;
  atelier.openTab(bench ? bench.plan.name : 'create');
  if (bench) void bench.reopen(recipe, parent);
  else atelier.state.restore(recipe, { parent });
  return true;
}
