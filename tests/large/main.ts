/**
 * Large objects through a whole SION on this machine: `npm run bench:large -- --gib 8`. Puts one object of that size, which
 * goes past memory, and one that memory takes, over HTTP; gets both back and compares every byte. Fails when the proxy's
 * peak memory (`VmHWM`) is above `--limit-mb` (512) in the end, or when an object is not where it should be.
 *
 *     --gib N         size of the object that goes past memory (8)
 *     --placed-mib N  size of the one that memory takes (768); 0 = none
 *     --limit-mb N    of the proxy's peak memory (512)
 */
import { parseArgs } from 'node:util';
import { measureLarge } from './measure-large.ts';

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', default: false },
    gib: { type: 'string', default: '8' },
    'placed-mib': { type: 'string', default: '768' },
    'limit-mb': { type: 'string', default: '512' },
  },
});

if (values.help) {
  process.stdout.write('usage: npm run bench:large -- [--gib N] [--placed-mib N] [--limit-mb N]\n');
} else {
  const problems = await measureLarge(
    {
      passingBytes: Math.round(numberOf('gib') * 2 ** 30),
      placedBytes: Math.round(numberOf('placed-mib') * 2 ** 20),
      limitMb: numberOf('limit-mb'),
    },
    (line) => process.stdout.write(`${line}\n`),
  );
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}

function numberOf(name: 'gib' | 'placed-mib' | 'limit-mb'): number {
  const number = Number(values[name]);
  if (Number.isFinite(number) && number >= 0) return number;
  throw new Error(`--${name} is ${JSON.stringify(values[name])}, which is no number`);
}
