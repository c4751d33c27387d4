/**
 * Whether a request to a local administration port may be answered. A web page can make a browser send requests to
 * 127.0.0.1, and by re-binding a name of its own to that address it can read the answers too. So the name that the
 * request calls the server by must be one the server knows, and a request that a page sent must come from its own pages.
 */

/** The request headers that tell. */
export interface OriginHeaders {
  readonly host?: string | undefined;
  readonly origin?: string | undefined;
  readonly 'sec-fetch-site'?: string | string[] | undefined;
}

/** Gives the reason to refuse the request; undefined = it may be answered. `hosts` are allowed beside loopback names. */
export function refusalReason(headers: OriginHeaders, hosts: readonly string[]): string | undefined {
  const host = headers.host ?? '';
  const name = hostName(host);
  if (name === undefined || !(isLoopbackName(name) || hosts.includes(name))) {
    return `The Host ${JSON.stringify(host.slice(0, 100))} is not a name of this server. Call it by 127.0.0.1 or localhost, or list the name in SION_ADMIN_HOSTS.`;
  }
  const { origin } = headers;
  if (origin !== undefined && !isSameOrigin(origin, host)) {
    return `Pages of ${JSON.stringify(origin.slice(0, 100))} may not ask this server.`;
  }
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') {
    return 'Pages of other sites may not ask this server.';
  }
  return undefined;
}

/** True for names and addresses that always mean this machine. */
function isLoopbackName(name: string): boolean {
  return name === 'localhost' || name === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(name);
}

/** The host without its port, in lower case; undefined when it is no host. */
function hostName(host: string): string | undefined {
  return /^(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::\d{1,5})?$/.exec(host.toLowerCase())?.[1];
}

function isSameOrigin(origin: string, host: string): boolean {
  return origin.toLowerCase() === `http://${host.toLowerCase()}`;
}
