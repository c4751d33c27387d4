/** A client as CLIENT INFO and CLIENT LIST describe it, as far as SION has what Redis tells there. */
import type { ConnectedClient } from './clients.ts';

/** One line, without its end. */
export function describeClient({ client, connection }: ConnectedClient, nowMs: number): string {
  const { incompleteBytes, heldBytes, unsentBytes } = connection;
  const fields: readonly (readonly [string, string | number])[] = [
    ['id', client.id],
    ['addr', client.remote],
    ['laddr', client.local],
    ['fd', -1],
    ['name', client.name],
    ['age', Math.floor((nowMs - client.connectedMs) / 1000)],
    ['idle', Math.floor((nowMs - client.lastMs) / 1000)],
    ['flags', flagsOf(client.noEvict, client.noTouch)],
    ['db', 0],
    ['sub', 0],
    ['psub', 0],
    ['ssub', 0],
    ['multi', -1],
    ['qbuf', incompleteBytes],
    ['argv-mem', heldBytes],
    ['omem', unsentBytes],
    ['tot-mem', incompleteBytes + heldBytes + unsentBytes],
    ['events', unsentBytes > 0 ? 'rw' : 'r'],
    ['cmd', client.lastCommand],
    ['user', 'default'],
    ['redir', -1],
    ['resp', client.version],
    ['lib-name', client.libraryName],
    ['lib-ver', client.libraryVersion],
  ];
  return fields.map(([name, value]) => `${name}=${value}`).join(' ');
}

/** `N` = nothing special. */
function flagsOf(noEvict: boolean, noTouch: boolean): string {
  return `${noEvict ? 'e' : ''}${noTouch ? 'T' : ''}` || 'N';
}
