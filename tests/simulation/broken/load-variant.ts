/**
 * Imported before a simulation (`node --import …`): puts the broken variant that `SION_BROKEN_VARIANT` names in place of
 * the real module's text. Fails when the text is not there, so that a variant cannot outlive what it breaks.
 */
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { brokenVariants } from './variants.ts';

const name = process.env['SION_BROKEN_VARIANT'] ?? '';
const variant = brokenVariants[name];
if (variant === undefined) throw new Error(`SION_BROKEN_VARIANT is ${JSON.stringify(name)}, which is no variant`);
const { path, text, replacement } = variant;
const brokenFile = fileURLToPath(new URL(`../../../${path}`, import.meta.url));

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (!url.startsWith('file:') || fileURLToPath(url) !== brokenFile) return loaded;
    const source = String(loaded.source);
    if (source.split(text).length !== 2) throw new Error(`${path} no longer has ${JSON.stringify(text)} once`);
    return { ...loaded, source: source.replace(text, () => replacement) };
  },
});
