/**
 * Redis's patterns (`stringmatchlen`): `*`, `?`, `[a-c]`, `[^x]`, and `\` before a character that stands for itself.
 * Matching goes back to the last star only, so that no pattern takes more than the product of the two lengths.
 */

/** Whether the whole of `text` matches `pattern`; both latin-1, one character per byte. */
export function matchesGlob(pattern: string, text: string): boolean {
  let at = 0;
  let seen = 0;
  let afterStar = -1;
  let starSeen = 0;
  for (;;) {
    if (pattern[at] === '*') {
      afterStar = at + 1;
      at = afterStar;
      starSeen = seen;
      continue;
    }
    if (at >= pattern.length && seen >= text.length) return true;
    const next = seen < text.length && at < pattern.length ? matchOne(pattern, at, text[seen] ?? '') : undefined;
    if (next !== undefined) {
      at = next;
      seen += 1;
      continue;
    }
    if (afterStar < 0 || starSeen >= text.length) return false;
    starSeen += 1;
    seen = starSeen;
    at = afterStar;
  }
}

/** Matches one character against the pattern's element at `at`; the position behind the element, or undefined. */
function matchOne(pattern: string, at: number, character: string): number | undefined {
  const symbol = pattern[at];
  if (symbol === '?') return at + 1;
  if (symbol === '[') return matchClass(pattern, at + 1, character);
  if (symbol === '\\' && at + 1 < pattern.length) return pattern[at + 1] === character ? at + 2 : undefined;
  return symbol === character ? at + 1 : undefined;
}

function matchClass(pattern: string, start: number, character: string): number | undefined {
  let at = start;
  const negated = pattern[at] === '^';
  if (negated) at += 1;
  let isIn = false;
  // As in Redis, a class that is not closed ends with the pattern.
  while (at < pattern.length && pattern[at] !== ']') {
    let low = pattern[at] ?? '';
    if (low === '\\' && at + 1 < pattern.length) {
      at += 1;
      low = pattern[at] ?? '';
      isIn ||= low === character;
    } else if (pattern[at + 1] === '-' && at + 2 < pattern.length) {
      const high = pattern[at + 2] ?? '';
      isIn ||= low <= high ? low <= character && character <= high : high <= character && character <= low;
      at += 2;
    } else {
      isIn ||= low === character;
    }
    at += 1;
  }
  return isIn === negated ? undefined : Math.min(at + 1, pattern.length);
}
