/** Links between the pages of the documentation lead somewhere, headings included. */
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

const pages = globSync(['README.md', 'docs/**/*.md', 'packages/*/*.md'], { cwd: root }).map((page) => join(root, page));

function anchorsOf(page: string): readonly string[] {
  const headings = readFileSync(page, 'utf8').matchAll(/^#+ (.+)$/gm);
  return [...headings].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function brokenLinks(page: string): readonly string[] {
  const links = readFileSync(page, 'utf8').matchAll(/\]\(([^)\s]+)\)/g);
  return [...links].flatMap(([, link = '']) => {
    if (/^[a-z]+:/.test(link)) return [];
    const [path = '', anchor] = link.split('#');
    const target = path === '' ? page : resolve(dirname(page), path);
    const isThere =
      existsSync(target) &&
      (anchor === undefined || statSync(target).isDirectory() || anchorsOf(target).includes(anchor));
    return isThere ? [] : [`${relative(root, page)}: ${link}`];
  });
}

it('every link leads somewhere', () => {
  expect(pages.length).toBeGreaterThan(10);
  expect(pages.flatMap(brokenLinks)).toEqual([]);
});
