/**
 * `sion reclaim`: takes instances away as Lambda does, to see what survives it. Their memory is lost; of what
 * was acknowledged, nothing is but values of durability memory.
 */
import type { EmulatorControl } from '@sion/emulator';
import { CliError } from '../cli-error.ts';

/** Exactly one of them is given. */
export interface ReclaimOptions {
  readonly count?: number;
  readonly share?: number;
  readonly all?: boolean;
  /** A function's name. */
  readonly node?: string;
}

/** Refuses with exit code 2 unless exactly one choice was made. */
export function checkReclaim(options: ReclaimOptions): void {
  const given = [options.count, options.share, options.all, options.node].filter((value) => value !== undefined);
  if (given.length === 1) return;
  throw new CliError(
    2,
    `reclaim: say which instances, with ${given.length === 0 ? 'one' : 'only one'} of --count N, --share X, --all and --node NAME.`,
  );
}

const whatIsKept = 'Store and journal have it, but for values of durability memory: of those, what parity covers.';

/** Reclaims and gives the text to print. */
export async function reclaimInstances(control: EmulatorControl, options: ReclaimOptions): Promise<string> {
  const { count, share, node } = options;
  if (node !== undefined) await assertFunction(control, node);
  const { reclaimed } = await control.reclaim(
    count !== undefined
      ? { count }
      : share !== undefined
        ? { share }
        : { all: true, ...(node === undefined ? {} : { functionName: node }) },
  );
  if (reclaimed.length === 0) return 'Reclaimed nothing: no instance is there to be taken. A request starts new ones.';
  const fewer = count !== undefined && reclaimed.length < count ? ' (there were no more)' : '';
  const what = reclaimed.length === 1 ? 'instance' : 'instances';
  return `Reclaimed ${reclaimed.length} ${what}${fewer}; what they held in memory is gone. ${whatIsKept}`;
}

async function assertFunction(control: EmulatorControl, name: string): Promise<void> {
  const names = (await control.functions()).map((each) => each.name);
  if (names.includes(name)) return;
  const range = names.length === 0 ? 'there is none yet' : `there are ${names[0]} to ${names.at(-1)}`;
  throw new CliError(1, `There is no function ${name}: ${range}.`);
}
