/** The windows of one proxy, put together for the engine: what turns them, and what moves objects between them. */

import type { ObjectMemory } from '../memory/object-memory.ts';
import type { EngineParts } from '../objects/engine.ts';
import type { Knowledge } from '../objects/knowledge.ts';
import { isInStore } from '../objects/known-object.ts';
import { Mover } from './mover.ts';
import { WindowKeeper } from './window-keeper.ts';

export interface Windows {
  readonly keeper: WindowKeeper;
  readonly mover: Mover;
  /** Ends what is under way and begins nothing more. */
  stop(): Promise<void>;
}

/** From now on the windows turn. */
export function beginWindows(parts: EngineParts, memory: ObjectMemory, knowledge: Knowledge): Windows {
  const { clock, log, fleet, placement, metrics, settings } = parts;
  const onNodeRead = parts.onNodeRead ?? (() => {});
  const mover = new Mover(
    { fleet, memory, metrics, isInStore, onNodeRead },
    { concurrency: settings.migrationConcurrency },
  );
  memory.moveBy(mover);
  const keeper = new WindowKeeper({
    ...{ clock, fleet, placement, memory, knowledge, metrics, mover },
    log: log.child({ part: 'windows' }),
  });
  return {
    keeper,
    mover,
    async stop() {
      await keeper.stop();
      await mover.stop();
    },
  };
}
