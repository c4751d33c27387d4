/**
 * Imported before a simulation (`node --import …`): puts the broken variant that `SION_BROKEN_VARIANT` names in place of
 * the real module's text. Fails when the text is not there, so that a variant cannot outlive what it breaks.
 */
import { registerHooks } from 'node:module';
import { brokenVariants } from './variants.ts';

const name = process.env['SION_BROKEN_VARIANT'] ?? '';
const variant = brokenVariants[name];
if (variant === undefined) throw new Error(`SION_BROKEN_VARIANT is ${JSON.stringify(name)}, which is no variant`);
const root = new URL('../../../', import.meta.url);

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    const changes = variant.changes.filter(({ path }) => new URL(path, root).href === url);
    if (changes.length === 0) return loaded;
    let source = String(loaded.source);
    for (const { path, text, replacement } of changes) {
      if (source.split(text).length !== 2) throw new Error(`${path} no longer has ${JSON.stringify(text)} once`);
      source = source.replace(text, () => replacement);
    }
    return { ...loaded, source };
  },
});
