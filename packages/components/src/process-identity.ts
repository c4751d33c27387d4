/**
 * Who this process is, and whether another one of the same machine still lives. It lets a proxy take over at once from
 * a predecessor that was killed on this machine, instead of waiting for the lease to lapse.
 */
export interface ProcessIdentity {
  /** host name, boot id, pid and start time: no two processes ever share one. */
  readonly self: string;
  /** `dead` only when `identity` was a process of this very boot of this machine and is no more; `unknown` otherwise. */
  liveness(identity: string): 'alive' | 'dead' | 'unknown';
}
