/** The checkers bite: with a rule taken away from the real code, simulations fail. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { brokenVariants } from './broken/variants.ts';

/** The goal is 200; the one that needs most has needed 68. */
const mostSeeds = 200;

function simulateWith(variant: string): Promise<{ readonly code: number; readonly output: string }> {
  const hook = new URL('broken/load-variant.ts', import.meta.url).href;
  const main = fileURLToPath(new URL('simulate-main.ts', import.meta.url));
  // The same seeds each time: how many random ones it would take differs too much.
  const args = ['--import', hook, main, '--seeds', String(mostSeeds), '--series', variant, '--first-failure'];
  const env = { ...process.env, SION_BROKEN_VARIANT: variant };
  return new Promise((resolve) => {
    execFile(process.execPath, args, { env, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), output: `${stdout}\n${stderr}` });
    });
  });
}

describe('a simulation without a rule', () => {
  it.each(Object.keys(brokenVariants))('%s: fails', { timeout: 900_000 }, async (variant) => {
    const { code, output } = await simulateWith(variant);
    expect([code, /^[\w-]+ {2}FAILS /m.test(output), output.slice(-2000)]).toEqual([1, true, expect.any(String)]);
  });
});
