/** Waiting in tests: by looking again and again, never for a length of time. A test's own time-out ends it. */

/** Lets everything happen that is due, once. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Resolves when the condition holds. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await nextTurn();
}
