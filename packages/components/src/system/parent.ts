/**
 * The end of whoever started this process with an IPC channel: the channel breaks when that process goes, however it
 * goes. Node tells so by an event that nobody hears while the program is still being loaded; so what happened before is
 * looked up. It must never keep a process running, nor end one that was started without a channel.
 */

/** Calls back once, when the parent is gone, or at once when it is gone already; never without an IPC channel. */
export function onParentGone(listener: () => void): void {
  // Undefined: there never was a channel. False: there was one.
  if (process.connected === undefined) return;
  if (process.connected) process.once('disconnect', listener);
  else listener();
}
