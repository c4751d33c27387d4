/** The description's part on one object: GET, HEAD, PUT, PATCH, DELETE and OPTIONS of `/v1/objects/{key}`. */
import type { Json } from './openapi.ts';
import { emptyResponse, headerRefs, optionsOperation, refusalRefs } from './parts.ts';

type JsonObject = { readonly [name: string]: Json };

const header = (name: string, description: string, schema: JsonObject = { type: 'string' }): JsonObject => ({
  name,
  in: 'header',
  description,
  schema,
});

const conditions = (access: 'read' | 'write'): readonly JsonObject[] => [
  header('If-Match', 'Only the version with one of these tags, or `*` for any; else 412.'),
  header(
    'If-None-Match',
    access === 'read' ? 'Not the versions with these tags; else 304.' : '`*`: only when there is no object; else 412.',
  ),
  ...(access === 'read' ? [header('If-Modified-Since', 'Only when modified since this date; else 304.')] : []),
  header('If-Unmodified-Since', 'Only when not modified since this date; else 412.'),
];

const requestId = header('X-Request-Id', 'An id of the client’s own for the log, 1 to 128 visible ASCII characters.');

const ttlSchema: JsonObject = {
  oneOf: [{ type: 'integer', minimum: 1, maximum: 9_999_999_999 }, { const: 'none' }],
};

const durability = header(
  'Sion-Durability',
  'What an acknowledgement means. `store`: the store has confirmed. `journal`: it is durable in the proxy’s journal, and the ' +
    'store follows. `memory`: functions hold it, and nothing else does. Without the header: SION_DURABILITY.',
  { type: 'string', enum: ['store', 'journal', 'memory'] },
);

const infoHeaders = ['ETag', 'Sion-Version', 'Last-Modified', 'Accept-Ranges', 'Sion-Ttl', 'Server-Timing'] as const;

const metadataNote =
  'User metadata is in headers named `Sion-Meta-<name>`; text beyond printable ASCII is an encoded word of RFC 2047.';

const anyBytes: JsonObject = { '*/*': { schema: {} } };

const get: JsonObject = {
  tags: ['Objects'],
  operationId: 'getObject',
  summary: 'Read an object, whole or in part',
  description: `A connection that is cut before the announced length has given nothing to trust. ${metadataNote}`,
  parameters: [
    header('Range', '`bytes=first-last`, `bytes=first-` or `bytes=-count`; several at once give the whole object.'),
    header('If-Range', 'A tag or a date: with another version, the whole object is given instead of the range.'),
    ...conditions('read'),
    requestId,
  ],
  responses: {
    '200': {
      description: 'The whole object.',
      headers: headerRefs(...infoHeaders),
      content: anyBytes,
    },
    '206': {
      description: 'The range.',
      headers: headerRefs(...infoHeaders, 'Content-Range'),
      content: anyBytes,
    },
    '304': emptyResponse('Nothing is new.', ...infoHeaders),
    ...refusalRefs(400, 404, 412, 416, 500, 503),
  },
};

const head: JsonObject = {
  tags: ['Objects'],
  operationId: 'headObject',
  summary: 'Read what is known of an object, without its bytes',
  description: metadataNote,
  parameters: [...conditions('read'), requestId],
  responses: {
    '200': emptyResponse('There is such an object.', ...infoHeaders),
    '304': emptyResponse('Nothing is new.', ...infoHeaders),
    ...refusalRefs(400, 404, 412, 500, 503),
  },
};

const put: JsonObject = {
  tags: ['Objects'],
  operationId: 'putObject',
  summary: 'Store the body as the whole object',
  description: [
    'Nothing is visible before all of the body has arrived and the store has confirmed it. Expiry, content type and user',
    'metadata are replaced as well. User metadata: up to 1900 bytes in headers named `Sion-Meta-<name>`.',
  ].join(' '),
  parameters: [
    header('Sion-Ttl', 'Seconds to live; `none`, or absent: for ever.', ttlSchema),
    durability,
    header(
      'Sion-No-Place',
      '`1`: to the store only, not into memory; `0`: into memory, whatever the proxy’s policy is.',
      { enum: ['0', '1', 'false', 'true'] },
    ),
    ...conditions('write'),
    requestId,
  ],
  requestBody: { description: 'The bytes. `Content-Type` is kept.', content: anyBytes },
  responses: {
    '200': emptyResponse('It was replaced.', 'ETag', 'Sion-Version', 'Server-Timing'),
    '201': emptyResponse('It was created.', 'ETag', 'Sion-Version', 'Server-Timing'),
    ...refusalRefs(400, 408, 412, 413, 415, 417, 500, 503, 504, 507),
  },
};

const patch: JsonObject = {
  tags: ['Objects'],
  operationId: 'patchObject',
  summary: 'Change the expiry of an object',
  description: 'Bytes, content type and user metadata stay. Nothing else can be changed this way.',
  parameters: [
    { ...header('Sion-Ttl', 'Seconds to live from now; `none`: for ever.', ttlSchema), required: true },
    durability,
    ...conditions('write'),
    requestId,
  ],
  responses: {
    '200': emptyResponse('The expiry is as asked for.', 'ETag', 'Sion-Version', 'Sion-Ttl', 'Server-Timing'),
    ...refusalRefs(400, 404, 412, 500, 503, 504, 507),
  },
};

const remove: JsonObject = {
  tags: ['Objects'],
  operationId: 'deleteObject',
  summary: 'Delete an object',
  parameters: [durability, ...conditions('write'), requestId],
  responses: {
    '204': emptyResponse('It was there, and is gone, durably.', 'Server-Timing'),
    ...refusalRefs(400, 404, 412, 500, 503, 504, 507),
  },
};

export const objectPathItem: JsonObject = {
  parameters: [
    {
      name: 'key',
      in: 'path',
      required: true,
      description: [
        'Everything after `/v1/objects/`, percent-decoded to 0 to 512 bytes. A raw `/` and `%2F` are the same; a raw `?`',
        'is refused, `%3F` is a question mark.',
      ].join(' '),
      schema: { type: 'string' },
      example: 'photos/1',
    },
  ],
  get,
  head,
  put,
  patch,
  delete: remove,
  options: optionsOperation('Objects', 'optionsOfObject'),
};
