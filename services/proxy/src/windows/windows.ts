/** The windows of one proxy, put together for the engine: what turns them, what moves objects between
 * them, and what keeps their nodes warm. */

import type { ObjectMemory } from '../memory/object-memory.ts';
import type { EngineParts } from '../objects/engine.ts';
import type { Knowledge } from '../objects/knowledge.ts';
import { isInStore } from '../objects/known-object.ts';
import { Mover } from './mover.ts';
import { WarmUps } from './warm-up.ts';
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
  const policy = settings.warmUp ?? { activeMs: 0, degradedMs: 0 };
  const warmUps = new WarmUps({ clock, fleet, placement, policy, isSaving: () => memory.isSaving });
  return {
    keeper,
    mover,
    async stop() {
      warmUps.stop();
      await keeper.stop();
      await mover.stop();
    },
  };
}
