/**
 * What several operations of the description share: schemas, headers, and the refusals with their codes.
 */
import { errorCodes } from '@sion/wire';
import { frontCodes } from '../refusal.ts';
import type { Json } from './openapi.ts';

type JsonObject = { readonly [name: string]: Json };

/** Codes that this port answers with; `forbidden` is the admin port's. */
export const describedCodes: readonly string[] = [...errorCodes, ...frontCodes].filter((code) => code !== 'forbidden');

const text = (description: string, example?: string): JsonObject => ({
  description,
  schema: { type: 'string' },
  ...(example === undefined ? {} : { example }),
});

export const headers: JsonObject = {
  'Sion-Request-Id': text(
    'The id under which the log has what failed: the client’s own `X-Request-Id`, or one that was drawn.',
    '5f2c8a01b3d4e6f7',
  ),
  'X-Request-Id': text('The client’s own request id, when it sent a valid one (1 to 128 visible ASCII characters).'),
  ETag: text('Changes with each version and each change of the expiry; opaque.', '"9a0364b9e99bb480dd25e1f0284c8555"'),
  'Sion-Version': text(
    '`<epoch>.<counter>`, ascending; the `ETag` for objects that others put into the store.',
    '3.1024',
  ),
  'Sion-Ttl': {
    description: 'Seconds left, rounded up; absent when the object never expires.',
    schema: { type: 'integer', minimum: 1 },
    example: 3600,
  },
  'Last-Modified': text('When this version was written.', 'Sun, 06 Nov 1994 08:49:37 GMT'),
  'Accept-Ranges': { description: 'Ranges of bytes are served.', schema: { const: 'bytes' } },
  'Content-Range': text('Which bytes these are, of how many; after a 416 how many there are.', 'bytes 0-99/1000'),
  'Server-Timing': text('What the request took: see *Server-Timing* in the HTTP interface’s page.'),
  Allow: text('The methods of this path.', 'GET, HEAD, OPTIONS'),
  'Retry-After': { description: 'Seconds to wait before the next try.', schema: { type: 'integer', minimum: 1 } },
};

/** References to headers by name. */
export function headerRefs(...names: readonly string[]): JsonObject {
  return Object.fromEntries(
    ['Sion-Request-Id', 'X-Request-Id', ...names].map((name) => [name, { $ref: `#/components/headers/${name}` }]),
  );
}

export const schemas: JsonObject = {
  Refusal: {
    type: 'object',
    required: ['error'],
    additionalProperties: false,
    properties: {
      error: {
        type: 'object',
        required: ['code', 'message', 'requestId'],
        additionalProperties: false,
        properties: {
          code: { type: 'string', enum: describedCodes, description: 'Stable; says what a caller may do about it.' },
          message: { type: 'string', description: 'What was wrong, with the limit, and what to do. For people.' },
          requestId: { type: 'string' },
        },
      },
    },
  },
  Listing: {
    type: 'object',
    required: ['objects', 'prefixes'],
    additionalProperties: false,
    properties: {
      objects: { type: 'array', items: { $ref: '#/components/schemas/ListedObject' } },
      prefixes: { type: 'array', items: { $ref: '#/components/schemas/ListedPrefix' } },
      next: { type: 'string', description: 'Send it as `after` for the next page; absent on the last.' },
    },
  },
  ListedObject: {
    type: 'object',
    required: ['path', 'sizeBytes', 'etag', 'version', 'modified'],
    oneOf: [{ required: ['key'] }, { required: ['keyBase64'] }],
    additionalProperties: false,
    properties: {
      key: { type: 'string', description: 'The key, when its bytes are UTF-8.' },
      keyBase64: { type: 'string', description: 'The key’s bytes otherwise.' },
      path: { type: 'string', description: 'The path of the object, percent-encoded.' },
      sizeBytes: { type: 'integer', minimum: 0 },
      etag: { type: 'string' },
      version: { type: 'string' },
      modified: { type: 'string', format: 'date-time' },
      expires: { type: 'string', format: 'date-time', description: 'Absent when it never expires.' },
      contentType: { type: 'string' },
      metadata: {
        type: 'object',
        additionalProperties: { type: 'string' },
        description: 'User metadata: what `Sion-Meta-<name>` gave, by lower-case name.',
      },
    },
  },
  ListedPrefix: {
    type: 'object',
    required: ['path'],
    oneOf: [{ required: ['prefix'] }, { required: ['prefixBase64'] }],
    additionalProperties: false,
    properties: {
      prefix: { type: 'string', description: 'What the keys begin with, up to and with the delimiter.' },
      prefixBase64: { type: 'string' },
      path: { type: 'string' },
    },
  },
  Health: {
    type: 'object',
    required: ['status'],
    additionalProperties: false,
    properties: { status: { const: 'alive' } },
  },
  Readiness: {
    type: 'object',
    required: ['state'],
    additionalProperties: false,
    properties: { state: { enum: ['starting', 'serving', 'draining', 'fenced'] } },
  },
};

interface RefusalText {
  readonly description: string;
  readonly headers?: readonly string[];
}

const refusalTexts: Readonly<Record<string, RefusalText>> = {
  '400': { description: '`invalid`: the request itself is wrong.' },
  '404': { description: '`not-found`: no such object.' },
  '405': { description: '`method-not-allowed`: the path has other methods.', headers: ['Allow'] },
  '408': { description: '`timeout`: too long a pause within the body.' },
  '412': { description: '`precondition-failed`: a condition did not hold; nothing was changed.' },
  '413': { description: '`too-large`: the object is above the limit.' },
  '415': { description: '`unsupported-media`: a malformed `Content-Type`, or a `Content-Encoding`.' },
  '416': { description: '`range-not-satisfiable`: the range lies outside the object.', headers: ['Content-Range'] },
  '417': { description: '`invalid`: an expectation other than `100-continue`.' },
  '500': { description: '`corrupt`: no copy of the bytes is good. `internal`: a defect of SION.' },
  '501': { description: '`unsupported`: a transfer encoding that this version does not offer.' },
  '503': {
    description: '`unavailable`: a part that is needed does not answer. `closed`: this proxy is stopping. Retry.',
    headers: ['Retry-After'],
  },
  '504': { description: '`indeterminate`: the change may or may not have happened. Read before writing again.' },
  '507': { description: '`capacity`: a limit of the proxy or the store is reached.' },
};

/** Refusals as responses, by status. */
export const refusals: JsonObject = Object.fromEntries(
  Object.entries(refusalTexts).map(([status, { description, headers: names = [] }]) => [
    `Refusal${status}`,
    {
      description,
      headers: headerRefs(...names),
      content: { 'application/json': { schema: { $ref: '#/components/schemas/Refusal' } } },
    },
  ]),
);

/** References to refusals by status; a HEAD has the same statuses, and no body. */
export function refusalRefs(...statuses: readonly number[]): JsonObject {
  return Object.fromEntries(
    statuses.map((status) => [String(status), { $ref: `#/components/responses/Refusal${status}` }]),
  );
}

/** A response without a body. */
export function emptyResponse(description: string, ...names: readonly string[]): JsonObject {
  return { description, headers: headerRefs(...names) };
}

/** The operation of OPTIONS, which every path has. */
export function optionsOperation(tag: string, operationId: string): JsonObject {
  return {
    tags: [tag],
    operationId,
    summary: 'The methods of this path',
    responses: { '204': emptyResponse('`Allow` has them.', 'Allow'), ...refusalRefs(400) },
  };
}
