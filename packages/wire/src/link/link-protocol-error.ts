/**
 * What a decoder throws when the peer breaks the link protocol. The link is then closed, for nothing after the fault can
 * be trusted; nothing else is harmed.
 */
import { SionError } from '../errors.ts';

/**
 * What was wrong: another protocol version, an unknown or misdirected type, a payload above the limit or where none
 * belongs, or a head that does not follow its message's grammar.
 */
export type LinkFault = 'version' | 'type' | 'payload' | 'head';

/** `invalid`, with the fault. After `version` a proxy may still answer `refuse` before it closes. */
export class LinkProtocolError extends SionError {
  readonly fault: LinkFault;

  constructor(fault: LinkFault, message: string) {
    super('invalid', `link protocol: ${message}`);
    this.fault = fault;
  }
}
