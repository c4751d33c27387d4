/** The system form of {@link ProcessUsage}: what the kernel says of this process. */
import type { ProcessUsage } from '../process-usage.ts';

const microsPerSecond = 1e6;

/** Reads it anew; cheap enough for once a second. */
export function readProcessUsage(): ProcessUsage {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  return {
    pid: process.pid,
    residentBytes: process.memoryUsage.rss(),
    // Node gives kilobytes.
    peakResidentBytes: maxRSS * 1024,
    userSeconds: userCPUTime / microsPerSecond,
    systemSeconds: systemCPUTime / microsPerSecond,
  };
}
