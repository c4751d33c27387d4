/** Failures as a few words that can be counted: codes and the beginnings of messages, without what differs each time. */

/** The first word of a RESP error, the code of a system error, or the beginning of the message. */
export function failureReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error).slice(0, 60);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const [prefix] = /^[A-Z]{3,}\b/.exec(error.message) ?? [];
  const words = error.message
    .replace(/\d+/g, 'N')
    .split(/[\n.:]/, 1)
    .join()
    .slice(0, 60);
  return code ?? prefix ?? (error.name === 'Error' ? words : `${error.name}: ${words}`);
}
