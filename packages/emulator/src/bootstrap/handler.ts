/**
 * Finds the function's handler as Lambda does: `_HANDLER` is `path/module.export`, below LAMBDA_TASK_ROOT, with one of
 * the extensions .js, .mjs, .cjs. As in nodejs24.x a handler is asynchronous; one with a callback is refused.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { InvocationContext } from './context.ts';
import { SetupError } from './runtime-error.ts';

/** An asynchronous handler. */
export type Handler = (event: unknown, context: InvocationContext) => unknown;

/** Imports the module and gives its handler; rejects with Lambda's error types. */
export async function loadHandler(taskRoot: string, handler: string): Promise<Handler> {
  const dot = handler.lastIndexOf('.');
  if (dot <= 0 || dot === handler.length - 1) {
    throw new SetupError('Runtime.MalformedHandlerName', `Bad handler ${handler}: give it as module.export`);
  }
  const name = handler.slice(0, dot);
  const exported = handler.slice(dot + 1);
  const found: unknown = property(await importModule(join(taskRoot, name)), exported);
  if (found === undefined) throw new SetupError('Runtime.HandlerNotFound', `${handler} is undefined or not exported`);
  if (!isHandler(found)) throw new SetupError('Runtime.HandlerNotFound', `${handler} is not a function`);
  if (found.length > 2) {
    throw new SetupError(
      'Runtime.CallbackHandlerDeprecated',
      `${handler} takes a callback, which Node 24 on Lambda no longer supports: make it async`,
    );
  }
  return found;
}

async function importModule(base: string): Promise<unknown> {
  const path = ['.js', '.mjs', '.cjs'].map((extension) => base + extension).find((candidate) => existsSync(candidate));
  if (path === undefined) throw new SetupError('Runtime.ImportModuleError', `Cannot find module '${base}'`);
  try {
    return await import(pathToFileURL(path).href);
  } catch (thrown) {
    if (thrown instanceof SyntaxError) throw new SetupError('Runtime.UserCodeSyntaxError', String(thrown));
    throw thrown;
  }
}

/** A named export, also of a CommonJS module that came as a default. */
function property(module: unknown, name: string): unknown {
  for (const holder of [module, field(module, 'default')]) {
    const found = field(holder, name);
    if (found !== undefined) return found;
  }
  return undefined;
}

function field(holder: unknown, name: string): unknown {
  return (typeof holder === 'object' && holder !== null) || typeof holder === 'function'
    ? Reflect.get(holder, name)
    : undefined;
}

function isHandler(value: unknown): value is Handler {
  return typeof value === 'function';
}
