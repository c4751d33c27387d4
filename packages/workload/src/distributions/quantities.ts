/** Quantities as people write them: bytes and durations. KB is 1000 bytes, KiB 1024. */

const byteUnits: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

const secondUnits: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, min: 60, h: 3600 };

/** `1KB`, `4MiB`, `100`: whole bytes. Throws `RangeError`. */
export function parseBytes(text: string): number {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim()) ?? [];
  const factor = byteUnits[unit.toLowerCase()];
  const bytes = number === undefined || factor === undefined ? Number.NaN : Math.round(Number(number) * factor);
  if (Number.isSafeInteger(bytes)) return bytes;
  throw new RangeError(`${JSON.stringify(text)} is no size like 1KB, 4MiB or 100`);
}

/** `30s`, `5m`, `2h`, `500ms`; a bare number is seconds. Throws `RangeError`. */
export function parseSeconds(text: string): number {
  const [, number, unit = 's'] = /^(\d+(?:\.\d+)?)\s*([a-z]+)?$/i.exec(text.trim()) ?? [];
  const factor = secondUnits[unit.toLowerCase()];
  if (number !== undefined && factor !== undefined) return Number(number) * factor;
  throw new RangeError(`${JSON.stringify(text)} is no time like 30s, 5m, 2h or 500ms`);
}
