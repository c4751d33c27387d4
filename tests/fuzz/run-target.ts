/**
 * One target's share of a run, in a process of its own: batch after batch of inputs until the time is over, each batch
 * with a seed that follows from the run's. It tells what it finds as lines of JSON and keeps shrunk inputs in the corpus.
 * Before each input it notes it in a file, so that whoever watches knows what killed this process or made it hang.
 */
import { writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { type FuzzInput, inputsOf, keepInput, leavings, shown } from './input.ts';
import { type FuzzTarget, patience, settled, usedBytes } from './target.ts';
import { isTargetName, openTarget, type TargetName } from './targets.ts';

const batchInputs = 200;
/** Batches before memory is taken for settled: caches fill, code is compiled. */
const warmUpBatches = 4;
/** What may be more in use than then, with nothing held. */
const toleratedBytes = 24 * 1024 * 1024;
/** While a fault is made smaller. */
const shrinkPatienceMs = 1000;
/** No batch takes longer, a fault in it made smaller included. */
const batchMs = 120_000;
/** So many different faults end the run. */
const maxFaults = 10;

const [name = '', minutes = '1', seed = '1', notes = ''] = process.argv.slice(2);

function tell(line: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify({ target: name, ...line })}\n`);
}

function note(input: FuzzInput): void {
  const parts = input.parts.map(({ stream, bytes }) => [stream, bytes.toString('hex')]);
  writeFileSync(notes, JSON.stringify({ parts, leaving: leavings.indexOf(input.leaving) }));
}

/** The target, opened anew after each fault, so that none is blamed on an input that came later. */
class Opened {
  readonly #name: TargetName;
  target: FuzzTarget;

  private constructor(name: TargetName, target: FuzzTarget) {
    this.#name = name;
    this.target = target;
  }

  static async open(name: TargetName): Promise<Opened> {
    return new Opened(name, await openTarget(name));
  }

  async renew(): Promise<void> {
    await settled('the target’s end', this.target.close()).catch((thrown: unknown) => {
      tell({ kind: 'found', seed: 0, message: String(thrown), text: '' });
    });
    this.target = await openTarget(this.#name);
  }
}

/** Runs one batch; gives the message of the fault it found. */
async function runBatch(opened: Opened, batchSeed: number): Promise<string | undefined> {
  const usualMs = patience.ms;
  const property = fc.asyncProperty(inputsOf(opened.target.material), async (input) => {
    note(input);
    try {
      await opened.target.run(input);
    } catch (thrown) {
      if (patience.ms === usualMs)
        tell({ kind: 'found', seed: batchSeed, message: String(thrown), text: shown(input) });
      patience.ms = shrinkPatienceMs;
      await opened.renew();
      throw thrown;
    }
  });
  const result = await fc.check(property, { seed: batchSeed, numRuns: batchInputs, interruptAfterTimeLimit: batchMs });
  patience.ms = usualMs;
  if (!result.failed) {
    await opened.target.settle();
    return undefined;
  }
  const [input] = result.counterexample ?? [];
  const message = result.errorInstance instanceof Error ? result.errorInstance.message : String(result.errorInstance);
  const path = input === undefined ? '' : keepInput(name, input, message.split('\n')[0] ?? '');
  tell({ kind: 'fault', seed: batchSeed, message, path, shrinks: result.numShrinks });
  if (input !== undefined) tell({ kind: 'input', text: shown(input) });
  return message;
}

/** Digits differ from case to case of the same fault. */
const kindOf = (message: string) => message.split('\n')[0]?.replaceAll(/[\d"]+/g, '#') ?? '';

async function main(): Promise<void> {
  if (!isTargetName(name)) throw new Error(`there is no target ${name}`);
  const endMs = performance.now() + Number(minutes) * 60_000;
  const opened = await Opened.open(name);
  let baseline = Number.POSITIVE_INFINITY;
  let inputs = 0;
  let mostBytes = 0;
  let lastToldMs = performance.now();
  const faults = new Set<string>();
  for (let batch = 0; performance.now() < endMs && faults.size < maxFaults; batch++) {
    const fault = await runBatch(opened, Number(seed) + batch * 7919).catch(async (thrown: unknown) => {
      const message = thrown instanceof Error ? thrown.message : String(thrown);
      tell({ kind: 'fault', seed: Number(seed) + batch * 7919, message: `after the batch: ${message}`, path: '' });
      return message;
    });
    inputs += batchInputs;
    if (fault !== undefined) {
      faults.add(kindOf(fault));
      await opened.renew();
      baseline = Number.POSITIVE_INFINITY;
      continue;
    }
    const bytes = await usedBytes();
    mostBytes = Math.max(mostBytes, bytes);
    if (baseline === Number.POSITIVE_INFINITY && batch >= warmUpBatches) baseline = bytes;
    if (bytes > baseline + toleratedBytes) {
      const message = `memory grew from ${baseline} to ${bytes} bytes with nothing held`;
      tell({ kind: 'fault', seed: Number(seed) + batch * 7919, message, path: '' });
      faults.add('memory');
      baseline = bytes;
    }
    if (performance.now() - lastToldMs < 20_000) continue;
    lastToldMs = performance.now();
    tell({ kind: 'progress', inputs, usedBytes: bytes, baselineBytes: baseline });
  }
  await opened.target.close();
  tell({ kind: 'end', inputs, faults: faults.size, baselineBytes: baseline, mostBytes });
  // oxlint-disable-next-line unicorn/no-process-exit
  process.exit(0);
}

await main();
