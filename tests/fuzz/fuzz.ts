/**
 * `npm run fuzz -- [--minutes M] [--seed S] [--target resp|link|http]`: fuzzes for a time and says what it found.
 *
 * Each target runs in a process of its own, all at once. This one watches: a process that dies, or tells nothing for too
 * long, is a finding as well, and the input it had last is kept in the corpus as it is. Exit code 1 when anything was found.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { keepInput, leavings, shown } from './input.ts';
import { type TargetName, targetNames } from './targets.ts';

/** A process that tells nothing for this long hangs. */
const silenceMs = 5 * 60_000;

interface Told {
  readonly kind: 'progress' | 'found' | 'fault' | 'input' | 'end';
  readonly [field: string]: unknown;
}

interface Outcome {
  readonly inputs: number;
  readonly faults: number;
}

const mib = (bytes: unknown) => `${(Number(bytes) / 2 ** 20).toFixed(1)} MiB`;

function say(target: TargetName, told: Told): void {
  const line = (text: string) => console.log(`${new Date().toISOString()} ${target}: ${text}`);
  switch (told.kind) {
    case 'progress':
      return line(`${told['inputs']} inputs, ${mib(told['usedBytes'])} in use`);
    case 'found':
      return line(`FOUND with seed ${told['seed']}: ${told['message']}\n${told['text']}`);
    case 'fault':
      return line(
        `SHRUNK ${told['shrinks'] ?? 0} times, seed ${told['seed']}: ${told['message']}\n  kept in ${told['path']}`,
      );
    case 'input':
      return console.log(String(told['text']));
    case 'end': {
      const memory = `memory at most ${mib(told['mostBytes'])} in use with nothing held`;
      return line(`done: ${told['inputs']} inputs, ${told['faults']} faults, ${memory}`);
    }
  }
}

/** Keeps the input during which a process died. */
function keepLast(target: TargetName, notes: string, why: string): void {
  if (!existsSync(notes)) return;
  const { parts, leaving } = JSON.parse(readFileSync(notes, 'utf8')) as { parts: [number, string][]; leaving: number };
  const input = {
    parts: parts.map(([stream, hex]) => ({ stream, bytes: Buffer.from(hex, 'hex') })),
    leaving: leavings[leaving] ?? 'cut',
    isWhole: false,
  };
  console.log(
    `${target}: ${why}; the last input, as it was, is kept in ${keepInput(target, input, why)}\n${shown(input)}`,
  );
}

async function runTarget(target: TargetName, minutes: number, seed: number): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'sion-fuzz-'));
  const notes = join(folder, 'input.json');
  const program = fileURLToPath(new URL('run-target.ts', import.meta.url));
  const child = spawn(process.execPath, [program, target, String(minutes), String(seed), notes], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const watch = setTimeout(() => child.kill('SIGKILL'), silenceMs);
  let outcome: Outcome | undefined;
  let inputs = 0;
  let faults = 0;
  createInterface({ input: child.stdout }).on('line', (text) => {
    watch.refresh();
    const told = JSON.parse(text) as Told;
    say(target, told);
    if (told.kind === 'progress') inputs = Number(told['inputs']);
    if (told.kind === 'fault') faults++;
    if (told.kind === 'end') outcome = { inputs: Number(told['inputs']), faults };
  });
  const code = await new Promise<number | string>((resolve) =>
    child.once('close', (exitCode, signal) => resolve(signal ?? exitCode ?? 1)),
  );
  clearTimeout(watch);
  if (outcome === undefined) keepLast(target, notes, `the process ended with ${code}`);
  rmSync(folder, { recursive: true, force: true });
  return outcome ?? { inputs, faults: faults + 1 };
}

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', default: false },
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_007) },
    target: { type: 'string' },
  },
});
const chosen = targetNames.filter((name) => values.target === undefined || name.split('-')[0] === values.target);
if (values.help || chosen.length === 0 || !(Number(values.minutes) > 0) || !Number.isSafeInteger(Number(values.seed))) {
  console.error('usage: npm run fuzz -- [--minutes M] [--seed S] [--target resp|link|http]');
  process.exitCode = values.help ? 0 : 2;
} else {
  console.log(`fuzzing ${chosen.join(', ')} for ${values.minutes} min each, seed ${values.seed}`);
  const runs = chosen.map((name) => runTarget(name, Number(values.minutes), Number(values.seed)));
  const outcomes = await Promise.all(runs);
  const total = outcomes.reduce((sum, { inputs }) => sum + inputs, 0);
  const faults = outcomes.reduce((sum, outcome) => sum + outcome.faults, 0);
  console.log(`${total} inputs, ${faults === 0 ? 'nothing found' : `${faults} faults found`} (seed ${values.seed})`);
  process.exitCode = faults === 0 ? 0 : 1;
}
