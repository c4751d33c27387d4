/** `sion warm PREFIX`: brings objects into the functions' memory before anybody asks for them. */
import { formatBytes } from '@sion/proxy';
import type { Address } from '../client/http-call.ts';
import type { ObjectName } from '../client/object-name.ts';
import { type WarmProgress, warm } from '../client/proxy-admin.ts';
import { Screen } from '../local/screen.ts';
import { writeText } from '../text-output.ts';
import { displayParts, type Loudness, type Surroundings } from './surroundings.ts';

export interface WarmRequest extends Loudness {
  readonly admin: Address;
  readonly prefix: ObjectName;
}

/** Resolves when all of it is in memory that may be; the result is a line on standard output. */
export async function warmObjects(request: WarmRequest, around: Surroundings): Promise<void> {
  const { mode } = displayParts(around, request, false);
  const { errors } = around;
  const screen = new Screen(
    { isTTY: mode === 'bar', columns: errors.columns ?? 80, write: (text) => errors.write(text) },
    around.clock,
  );
  let last: WarmProgress | undefined;
  try {
    for await (const progress of warm(request.admin, request.prefix, around.signal)) {
      last = progress;
      if (mode !== 'none' && !progress.done) screen.live(describeWarm(progress));
    }
  } finally {
    screen.endLive();
  }
  if (last !== undefined && request.quiet !== true) await writeText(around.output, `${describeWarm(last)}.\n`);
}

/** `12 placed (3.0 MiB), 5 in memory already, 1 refused: …`. */
export function describeWarm({ placed, held, missing, refused, bytes }: WarmProgress): string {
  return [
    `${placed} placed (${formatBytes(bytes)})`,
    `${held} in memory already`,
    ...(missing === 0 ? [] : [`${missing} gone meanwhile`]),
    ...(refused === 0
      ? []
      : [`${refused} refused (no room, or not kept in memory: reads of them come from the store)`]),
  ].join(', ');
}
