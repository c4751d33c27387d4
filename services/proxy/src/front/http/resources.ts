/**
 * What the HTTP front serves: every path with its methods, in one table. Routing, `Allow`, 404 and 405 all read it, so
 * they cannot disagree; the description at `/openapi.json` is held against it by a test.
 *
 *     /v1/objects/{key}   one object; everything after the slash is the key, of any bytes, and there is no query
 *     /v1/objects         the listing, with a query
 *     any other           exact path; a query is not looked at
 */

/** The path below which objects live. */
export const objectsPrefix = '/v1/objects/';

/** A kind of thing that requests are about. */
export type ResourceName = 'object' | 'listing' | 'health' | 'readiness' | 'description' | 'guide';

export interface Resource {
  readonly name: ResourceName;
  /** As the description writes it. */
  readonly path: string;
  /** What messages call it. */
  readonly noun: string;
  /** Besides OPTIONS, which all have. */
  readonly methods: readonly string[];
}

export const resources: Readonly<Record<ResourceName, Resource>> = {
  object: {
    name: 'object',
    path: '/v1/objects/{key}',
    noun: 'objects',
    methods: ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE'],
  },
  listing: { name: 'listing', path: '/v1/objects', noun: 'the listing', methods: ['GET', 'HEAD'] },
  health: { name: 'health', path: '/healthz', noun: 'this path', methods: ['GET', 'HEAD'] },
  readiness: { name: 'readiness', path: '/readyz', noun: 'this path', methods: ['GET', 'HEAD'] },
  description: { name: 'description', path: '/openapi.json', noun: 'this path', methods: ['GET', 'HEAD'] },
  guide: { name: 'guide', path: '/docs', noun: 'this path', methods: ['GET', 'HEAD'] },
};

const byPath: ReadonlyMap<string, Resource> = new Map(Object.values(resources).map((one) => [one.path, one]));

/** The target as a path with its query: proxies send whole URLs (RFC 9112, section 3.2.2). */
export function originForm(target: string): string {
  const absolute = /^https?:\/\/[^/?#]*/i.exec(target);
  if (absolute === null) return target;
  const rest = target.slice(absolute[0].length);
  return rest.startsWith('/') ? rest : `/${rest}`;
}

/** What a target in origin form is about; undefined = nothing that is served. */
export function resourceOf(target: string): Resource | undefined {
  if (target.startsWith(objectsPrefix)) return resources.object;
  return byPath.get(target.split(/[?#]/, 1)[0] ?? '');
}

/** The value of `Allow`. */
export function allowedMethods(resource: Resource): string {
  return [...resource.methods, 'OPTIONS'].join(', ');
}
