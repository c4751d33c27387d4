/** One GET of an object over HTTP, its bytes handed on as they come. */
import { type Agent, get, type IncomingMessage } from 'node:http';

/** Gives the status once the last byte has come. */
export function getObject(url: string, agent: Agent, onPiece: (piece: Buffer) => void): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const take = (answer: IncomingMessage) => {
      answer.on('data', onPiece);
      answer.on('end', () => resolve(answer.statusCode));
      answer.on('error', reject);
    };
    get(url, { agent }, take).on('error', reject);
  });
}
