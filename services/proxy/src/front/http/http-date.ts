/**
 * Dates as HTTP writes them (RFC 9110, section 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`, whole seconds, and
 * as JSON has them (ISO 8601). Pure arithmetic on
 * the proleptic Gregorian calendar. The two obsolete forms are read as no date, which makes a condition on them void, as
 * the RFC wants it.
 */
const dayNames = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const monthNames = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Writes milliseconds since the Unix epoch, cut to the second. */
export function formatHttpDate(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const days = Math.floor(seconds / 86_400);
  const { year, month, day } = civilFromDays(days);
  const ofDay = seconds - days * 86_400;
  const time = [Math.floor(ofDay / 3600), Math.floor(ofDay / 60) % 60, ofDay % 60]
    .map((part) => pad(part, 2))
    .join(':');
  const weekday = dayNames[(((days + 4) % 7) + 7) % 7];
  return `${weekday}, ${pad(day, 2)} ${monthNames[month - 1]} ${pad(year, 4)} ${time} GMT`;
}

/** Writes milliseconds since the Unix epoch as ISO 8601 has them: `1994-11-06T08:49:37.000Z`. */
export function formatIsoDate(ms: number): string {
  const days = Math.floor(ms / 86_400_000);
  const { year, month, day } = civilFromDays(days);
  const ofDay = Math.floor(ms) - days * 86_400_000;
  const time = [Math.floor(ofDay / 3_600_000), Math.floor(ofDay / 60_000) % 60, Math.floor(ofDay / 1000) % 60]
    .map((part) => pad(part, 2))
    .join(':');
  const shownYear = year <= 9999 ? pad(year, 4) : `+${pad(year, 6)}`;
  return `${shownYear}-${pad(month, 2)}-${pad(day, 2)}T${time}.${pad(ofDay % 1000, 3)}Z`;
}

/** Reads the preferred form to milliseconds since the Unix epoch; undefined when it is anything else. */
export function parseHttpDate(text: string): number | undefined {
  const match = /^[A-Z][a-z]{2}, (\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT$/.exec(text);
  if (match === null) return undefined;
  const month = monthNames.indexOf(match[2] ?? '') + 1;
  const day = Number(match[1]);
  const year = Number(match[3]);
  const hour = Number(match[4]);
  const minute = Number(match[5]);
  const second = Number(match[6]);
  if (month === 0 || hour > 23 || minute > 59 || second > 60) return undefined;
  const ms = (daysFromCivil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second) * 1000;
  return formatHttpDate(ms - (second === 60 ? 1000 : 0)).slice(5, 16) === text.slice(5, 16) ? ms : undefined;
}

/** Calendar date of a day number (0 = 1 January 1970), over eras of 400 years that begin on 1 March. */
function civilFromDays(days: number): { year: number; month: number; day: number } {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const ofEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (ofEra - Math.floor(ofEra / 1460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) / 365,
  );
  const ofYear = ofEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const fromMarch = Math.floor((5 * ofYear + 2) / 153);
  const day = ofYear - Math.floor((153 * fromMarch + 2) / 5) + 1;
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day };
}

function daysFromCivil(year: number, month: number, day: number): number {
  const shiftedYear = month <= 2 ? year - 1 : year;
  const era = Math.floor(shiftedYear / 400);
  const yearOfEra = shiftedYear - era * 400;
  const ofYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const ofEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + ofYear;
  return era * 146_097 + ofEra - 719_468;
}

function pad(value: number, digits: number): string {
  return String(value).padStart(digits, '0');
}
