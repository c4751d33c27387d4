/** The description's part on what can only be read: the listing, health, and the description itself. */
import { listParameters, maxListLimit } from '../list-objects.ts';
import type { Json } from './openapi.ts';
import { headerRefs, optionsOperation, refusalRefs } from './parts.ts';

type JsonObject = { readonly [name: string]: Json };

const parameterTexts: Readonly<Record<(typeof listParameters)[number], JsonObject>> = {
  prefix: { description: 'Only keys that begin with it.', schema: { type: 'string' }, example: 'photos/' },
  delimiter: {
    description: 'Keys that have it after the prefix are given as one common prefix, up to its first occurrence.',
    schema: { type: 'string' },
    example: '/',
  },
  after: { description: '`next` of the page before.', schema: { type: 'string' } },
  limit: {
    description: 'Objects and common prefixes together. A page may have fewer, even none, though more follow.',
    schema: { type: 'integer', minimum: 1, maximum: maxListLimit, default: maxListLimit },
  },
};

/** GET and HEAD of one thing, and OPTIONS. */
function reading(
  operation: { readonly tag: string; readonly id: string; readonly summary: string; readonly more?: JsonObject },
  found: {
    readonly description: string;
    readonly contentType: string;
    readonly schema: JsonObject;
    readonly headers?: readonly string[];
  },
  others: JsonObject,
): JsonObject {
  const { tag, id, summary, more = {} } = operation;
  const name = `${id.slice(0, 1).toUpperCase()}${id.slice(1)}`;
  const ok = { description: found.description, headers: headerRefs(...(found.headers ?? [])) };
  const content = { [found.contentType]: { schema: found.schema } };
  return {
    get: {
      tags: [tag],
      operationId: `get${name}`,
      summary,
      ...more,
      responses: { '200': { ...ok, content }, ...others },
    },
    head: {
      tags: [tag],
      operationId: `head${name}`,
      summary: 'The same without the body',
      ...more,
      responses: { '200': ok, ...others },
    },
    options: optionsOperation(tag, `optionsOf${name}`),
  };
}

const json = (schema: string, description: string) => ({
  description,
  contentType: 'application/json',
  schema: { $ref: `#/components/schemas/${schema}` },
});

export const listingPathItem: JsonObject = reading(
  {
    tag: 'Listing',
    id: 'listing',
    summary: 'One page of keys',
    more: {
      description: [
        'In the order of their names in the store. Every key that is there from the first page to the last is given',
        'once; one that comes or goes meanwhile may be. `+` in a value is a blank, `%2B` a plus.',
      ].join(' '),
      parameters: listParameters.map((name) => ({ name, in: 'query', ...parameterTexts[name] })),
    },
  },
  { ...json('Listing', 'The page.'), headers: ['Server-Timing'] },
  refusalRefs(400, 500, 503),
);

export const healthPathItem: JsonObject = reading(
  { tag: 'Health', id: 'health', summary: 'Whether the process answers at all' },
  json('Health', 'It does.'),
  refusalRefs(400),
);

export const readinessPathItem: JsonObject = reading(
  { tag: 'Health', id: 'readiness', summary: 'Whether requests are served' },
  json('Readiness', 'They are.'),
  {
    '503': {
      description: 'They are not (yet, or any more).',
      headers: headerRefs(),
      content: {
        'application/json': {
          schema: {
            oneOf: [{ $ref: '#/components/schemas/Readiness' }, { $ref: '#/components/schemas/Refusal' }],
          },
        },
      },
    },
    ...refusalRefs(400),
  },
);

export const descriptionPathItem: JsonObject = reading(
  { tag: 'Description', id: 'description', summary: 'This description' },
  { description: 'OpenAPI 3.1.', contentType: 'application/json', schema: { type: 'object' } },
  refusalRefs(400),
);

export const guidePathItem: JsonObject = reading(
  { tag: 'Description', id: 'guide', summary: 'A page to read this description and to try it' },
  { description: 'The page.', contentType: 'text/html', schema: { type: 'string' } },
  refusalRefs(400),
);
