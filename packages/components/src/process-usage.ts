/** What this process takes of its machine, as tools ask for it: its number, memory and processor time. */
export interface ProcessUsage {
  readonly pid: number;
  /** Resident memory now, and its highest so far. */
  readonly residentBytes: number;
  readonly peakResidentBytes: number;
  /** Processor time since the start. */
  readonly userSeconds: number;
  readonly systemSeconds: number;
}
