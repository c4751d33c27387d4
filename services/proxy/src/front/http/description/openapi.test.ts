import { Script } from 'node:vm';
import { Validator } from '@seriousme/openapi-schema-validator';
import { SionError } from '@sion/wire';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { call, type HttpAnswer, type HttpCall } from '../../../../../../tests/doubles/http-client.ts';
import { frontNowMs as nowMs, serveHttp, statusOf, testSettings } from '../../../../../../tests/doubles/http-front.ts';
import { createMemoryObjects } from '../../../../../../tests/doubles/memory-objects.ts';
import { knownHeaders } from '../request-headers.ts';
import { resourceOf, resources } from '../resources.ts';
import { describeApi } from './openapi.ts';
import { describedCodes } from './parts.ts';

/** The description, as far as this test reads it. */
interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly responses: Readonly<Record<string, Response>>;
}
interface Response {
  readonly $ref?: string;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly content?: Readonly<Record<string, { readonly schema: object }>>;
}
interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly headers: Readonly<Record<string, unknown>>;
    readonly responses: Readonly<Record<string, Response>>;
  };
}

const description: Description = JSON.parse(JSON.stringify(describeApi('0.1.0')));
const schemas = new Ajv2020({ strict: false, validateFormats: true });
formats.default(schemas);
schemas.addSchema({ ...description, $id: 'sion:description' });
const described = Object.keys(description.components.headers).map((name) => name.toLowerCase());

type Front = Parameters<typeof serveHttp>[0];

/** A front whose objects fail with this code. */
function failing(code: ConstructorParameters<typeof SionError>[0]): Front {
  const fail = async () => {
    throw new SionError(code, 'it went wrong');
  };
  return {
    objects: { ...createMemoryObjects({ nowMs: () => nowMs }), read: fail, info: fail, mutate: fail, list: fail },
  };
}

const a = '/v1/objects/a';
const none = '/v1/objects/none';
const b = { body: 'new' };

/** Requests with the status that they get, on a front that has the object `a` = `one`, which expires. */
const cases: readonly (readonly [
  status: number,
  method: string,
  target: string,
  call?: Partial<HttpCall>,
  front?: Front,
])[] = [
  [200, 'GET', a],
  [206, 'GET', a, { headers: { range: 'bytes=1-' } }],
  [304, 'GET', a, { headers: { 'if-none-match': '*' } }],
  [400, 'GET', a, { headers: { range: 'bytes=x' } }],
  [404, 'GET', none],
  [412, 'GET', a, { headers: { 'if-match': '"x"' } }],
  [416, 'GET', a, { headers: { range: 'bytes=9-' } }],
  [500, 'GET', a, {}, failing('corrupt')],
  [503, 'GET', a, {}, failing('unavailable')],
  [200, 'HEAD', a],
  [304, 'HEAD', a, { headers: { 'if-none-match': '*' } }],
  [400, 'HEAD', a, { headers: { 'sion-ttl': '1' } }],
  [404, 'HEAD', none],
  [412, 'HEAD', a, { headers: { 'if-match': '"x"' } }],
  [500, 'HEAD', a, {}, failing('internal')],
  [503, 'HEAD', a, {}, failing('closed')],
  [201, 'PUT', none, b],
  [200, 'PUT', a, b],
  [400, 'PUT', a, { ...b, headers: { 'sion-ttl': 'soon' } }],
  [408, 'PUT', a, { ...b, headers: { 'content-length': 9 } }, { settings: { ...testSettings, httpBodyIdleMs: 20 } }],
  [412, 'PUT', a, { ...b, headers: { 'if-none-match': '*' } }],
  [413, 'PUT', a, { headers: { 'content-length': 2 ** 40 } }],
  [415, 'PUT', a, { ...b, headers: { 'content-encoding': 'gzip' } }],
  [417, 'PUT', a, { ...b, headers: { expect: 'a pony' } }],
  [500, 'PUT', a, b, failing('internal')],
  [503, 'PUT', a, b, failing('unavailable')],
  [504, 'PUT', a, b, failing('indeterminate')],
  [507, 'PUT', a, b, failing('capacity')],
  [200, 'PATCH', a, { headers: { 'sion-ttl': '60' } }],
  [400, 'PATCH', a],
  [404, 'PATCH', none, { headers: { 'sion-ttl': 'none' } }],
  [412, 'PATCH', a, { headers: { 'sion-ttl': '60', 'if-match': '"x"' } }],
  [500, 'PATCH', a, { headers: { 'sion-ttl': '60' } }, failing('internal')],
  [503, 'PATCH', a, { headers: { 'sion-ttl': '60' } }, failing('unavailable')],
  [504, 'PATCH', a, { headers: { 'sion-ttl': '60' } }, failing('indeterminate')],
  [507, 'PATCH', a, { headers: { 'sion-ttl': '60' } }, failing('capacity')],
  [204, 'DELETE', a],
  [400, 'DELETE', a, b],
  [404, 'DELETE', none],
  [412, 'DELETE', a, { headers: { 'if-match': '"x"' } }],
  [500, 'DELETE', a, {}, failing('internal')],
  [503, 'DELETE', a, {}, failing('closed')],
  [504, 'DELETE', a, {}, failing('indeterminate')],
  [507, 'DELETE', a, {}, failing('capacity')],
  [204, 'OPTIONS', a],
  [400, 'OPTIONS', a, b],
  [200, 'GET', '/v1/objects?limit=1'],
  [400, 'GET', '/v1/objects?limit=x'],
  [500, 'GET', '/v1/objects', {}, failing('internal')],
  [503, 'GET', '/v1/objects', {}, failing('unavailable')],
  [200, 'HEAD', '/v1/objects'],
  [400, 'HEAD', '/v1/objects?x'],
  [500, 'HEAD', '/v1/objects', {}, failing('internal')],
  [503, 'HEAD', '/v1/objects', {}, failing('unavailable')],
  [204, 'OPTIONS', '/v1/objects'],
  [400, 'OPTIONS', '/v1/objects', b],
  [503, 'GET', '/readyz', {}, { status: statusOf('draining') }],
  [503, 'HEAD', '/readyz', {}, { status: statusOf('starting') }],
  ...['/healthz', '/readyz', '/openapi.json', '/docs'].flatMap(
    (path) =>
      [
        [200, 'GET', path],
        [400, 'GET', path, b],
        [200, 'HEAD', path],
        [400, 'HEAD', path, b],
        [204, 'OPTIONS', path],
        [400, 'OPTIONS', path, b],
      ] as const,
  ),
];

/** What is described for this answer; fails when nothing is. */
function responseFor(path: string, method: string, status: number): Response {
  const given = description.paths[path]?.[method.toLowerCase()]?.responses[status];
  expect([method, path, status, given === undefined]).toEqual([method, path, status, false]);
  const name = given?.$ref?.split('/').at(-1);
  return name === undefined ? (given ?? {}) : (description.components.responses[name] ?? {});
}

/** Holds one answer against its description; gives the described headers that it has. */
function checkAnswer(response: Response, method: string, answer: HttpAnswer): readonly string[] {
  const allowed = Object.keys(response.headers ?? {}).map((name) => name.toLowerCase());
  const present = Object.keys(answer.headers).filter(
    (name) => described.includes(name) || /^sion-(?!meta-)/.test(name),
  );
  expect(present.filter((name) => !allowed.includes(name))).toEqual([]);
  if (method === 'HEAD' || response.content === undefined) {
    expect(answer.body.byteLength).toBe(0);
    return present;
  }
  const type = answer.headers['content-type']?.split(';')[0] ?? '';
  const content = response.content[type] ?? response.content['*/*'];
  expect([type, content === undefined]).toEqual([type, false]);
  if (type === 'application/json') {
    const reference = JSON.stringify(content?.schema).replaceAll('"#/', '"sion:description#/');
    const validate = schemas.compile(JSON.parse(reference));
    validate(JSON.parse(answer.body.toString()));
    expect(validate.errors).toBeNull();
  }
  return present;
}

describe('the description at /openapi.json', () => {
  it('is valid OpenAPI 3.1', async () => {
    const validator = new Validator();
    expect(await validator.validate(JSON.parse(JSON.stringify(description)))).toEqual({ valid: true });
    expect(validator.version).toBe('3.1');
  });

  it('has the paths and methods that are served', () => {
    const operations = Object.entries(description.paths).map(([path, item]) => [
      path,
      Object.keys(item).filter((name) => name !== 'parameters'),
    ]);
    const served = Object.values(resources).map(({ path, methods }) => [
      path,
      [...methods, 'OPTIONS'].map((method) => method.toLowerCase()),
    ]);
    expect(operations).toEqual(served);
    const ids = Object.values(description.paths).flatMap((item) =>
      Object.values(item).flatMap((one) => one.operationId ?? []),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('has the Sion- headers that requests may carry', () => {
    const item = description.paths['/v1/objects/{key}'] ?? {};
    for (const [method, operation] of Object.entries(item)) {
      if (method === 'parameters') continue;
      const names = (operation.parameters ?? []).map(({ name }) => name).filter((name) => name.startsWith('Sion-'));
      const known = (knownHeaders[method.toUpperCase()] ?? []).filter((name) => name !== 'Sion-Meta-<name>');
      expect([method, [...names].sort()]).toEqual([method, [...known].sort()]);
    }
  });

  it('says of every status, header and body what the front does, and nothing else', async () => {
    const seen = new Set<string>();
    for (const [status, method, target, request = {}, front = {}] of cases) {
      const path = resourceOf(target)?.path ?? '';
      const { port, objects, server } = await serveHttp(front);
      await objects.mutate('a', {
        needs: 'nothing',
        decide: () => ({ kind: 'write', bytes: Buffer.from('one'), expiresAtMs: nowMs + 5000, result: 0 }),
      });
      const headers = { 'x-request-id': 'mine', ...request.headers };
      const answer = await call(port, { ...request, method, target, headers });
      expect([method, target, answer.status]).toEqual([method, target, status]);
      const present = checkAnswer(responseFor(path, method, status), method, answer);
      for (const name of ['', ...present]) seen.add(`${method} ${path} ${status} ${name}`);
      await server.close();
    }
    const promised = Object.entries(description.paths).flatMap(([path, item]) =>
      Object.entries(item)
        .filter(([method]) => method !== 'parameters')
        .flatMap(([method, { responses }]) =>
          Object.keys(responses).flatMap((status) => {
            const response = responseFor(path, method, Number(status));
            const names = ['', ...Object.keys(response.headers ?? {})];
            return names.map((name) => `${method.toUpperCase()} ${path} ${status} ${name.toLowerCase()}`);
          }),
        ),
    );
    expect(promised.filter((one) => !seen.has(one))).toEqual([]);
  });

  it('names the codes that refusals of this port have', () => {
    const texts = JSON.stringify(description.components.responses);
    for (const code of describedCodes) expect(texts).toContain(`\`${code}\``);
  });
});

describe('the page at /docs', () => {
  it('is one document that runs its own program only', async () => {
    const { port } = await serveHttp();
    const answer = await call(port, { target: '/docs' });
    const page = answer.body.toString();
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
    const policy = String(answer.headers['content-security-policy']);
    expect(policy).toMatch(
      /^default-src 'none'; style-src 'sha256-[^']+'; script-src 'sha256-[^']+'; connect-src 'self';/,
    );
    expect(policy).not.toMatch(/unsafe/);
    expect(page).not.toMatch(/%STYLE%|%PROGRAM%|<script src|<link rel="stylesheet"|\son[a-z]+="|\sstyle="|https?:\/\//);
    const program = /<script>([^]*)<\/script>/.exec(page)?.[1] ?? '';
    const digest = Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(program))).toString('base64');
    expect(policy).toContain(`'sha256-${digest}'`);
    const wanted = [...program.matchAll(/byId\('([a-z-]+)'\)/g)].map(([, id]) => id);
    expect(wanted.length).toBeGreaterThan(20);
    for (const id of wanted) expect(page).toContain(`id="${id}"`);
    // Parses as a program; a browser would report what does not on its console only.
    expect(() => new Script(program)).not.toThrow();
  });
});
