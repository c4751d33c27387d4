/**
 * The description of the HTTP front as OpenAPI 3.1, plain data, given at `/openapi.json`. It promises nothing that the
 * code does not keep: a test drives the running front through every operation and status that stands here and holds each
 * answer's status, headers and body against it, both ways.
 */
import { objectPathItem } from './object-operations.ts';
import { headers, refusals, schemas } from './parts.ts';
import {
  descriptionPathItem,
  guidePathItem,
  healthPathItem,
  listingPathItem,
  readinessPathItem,
} from './reading-operations.ts';

/** JSON of the description. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/** The whole description; `version` is SION's own. */
export function describeApi(version: string): { readonly [name: string]: Json } {
  return {
    openapi: '3.1.1',
    info: {
      title: 'SION: objects over HTTP',
      version,
      summary: 'Elastic memory for objects, held durably in a store.',
      description: [
        'Objects of 0 bytes to 64 GiB under keys of 0 to 512 bytes. A write that was acknowledged is in the store, unless it chose another `Sion-Durability`; a read',
        'never gives an older value than one that was given or acknowledged before. Every answer has a request id, and',
        'every refusal a JSON body with a stable code.',
      ].join(' '),
      license: { name: 'Apache 2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'this server' }],
    tags: [
      { name: 'Objects', description: 'One object: its bytes, its expiry, its metadata.' },
      { name: 'Listing', description: 'Which objects there are.' },
      { name: 'Health', description: 'Whether the process lives, and whether it serves.' },
      { name: 'Description', description: 'This description, and a page to try it.' },
    ],
    paths: {
      '/v1/objects/{key}': objectPathItem,
      '/v1/objects': listingPathItem,
      '/healthz': healthPathItem,
      '/readyz': readinessPathItem,
      '/openapi.json': descriptionPathItem,
      '/docs': guidePathItem,
    },
    components: { schemas, headers, responses: refusals },
  };
}
