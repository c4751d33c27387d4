/**
 * The page at `/docs`: shows the description and lets one try it in the browser. One self-contained document: its style
 * and its program are named to the browser by their digests, so nothing else runs in it, and what it shows of objects is
 * text to it, never markup. It talks to its own origin only.
 */
import { createHash } from 'node:crypto';
import { guideMarkup } from './guide-markup.ts';
import { guideProgram } from './guide-program.ts';
import { guideStyle } from './guide-style.ts';

const digestOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** The document, in UTF-8. */
export const guidePage: Uint8Array = Buffer.from(
  guideMarkup.replace('%STYLE%', () => guideStyle).replace('%PROGRAM%', () => guideProgram),
);

/** What the browser must be told with it. */
export const guideHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': [
    "default-src 'none'",
    `style-src ${digestOf(guideStyle)}`,
    `script-src ${digestOf(guideProgram)}`,
    "connect-src 'self'",
    'img-src data: blob:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-cache',
};
