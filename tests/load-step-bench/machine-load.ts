/** How much of this machine's processors is in use; what runs at a lower priority is left out, for it gives way. */
import { cpus } from 'node:os';

interface Times {
  readonly busyMs: number;
  readonly totalMs: number;
}

/** Begins to look; the function gives the share in use since then. */
export function watchProcessors(): () => number {
  const begun = times();
  return () => {
    const { busyMs, totalMs } = times();
    return (busyMs - begun.busyMs) / (totalMs - begun.totalMs);
  };
}

function times(): Times {
  let [busyMs, totalMs] = [0, 0];
  for (const { times: spent } of cpus()) {
    busyMs += spent.user + spent.sys + spent.irq;
    totalMs += spent.user + spent.sys + spent.irq + spent.idle + spent.nice;
  }
  return { busyMs, totalMs };
}
