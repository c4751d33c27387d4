/** Commands out of bytes, as far as the client's own are concerned. */

/** Takes pieces as they come; gives the commands that are whole. */
export function createRequestParser(): (bytes: Buffer) => string[][] {
  let held = Buffer.alloc(0);
  return (bytes) => {
    held = Buffer.concat([held, bytes]);
    const commands: string[][] = [];
    for (;;) {
      const read = readCommand(held);
      if (read === undefined) return commands;
      commands.push(read.command);
      held = held.subarray(read.end);
    }
  };
}

function readCommand(bytes: Buffer): { command: string[]; end: number } | undefined {
  const head = readNumber(bytes, 0);
  if (head === undefined) return undefined;
  const command: string[] = [];
  let at = head.end;
  for (let left = head.value; left > 0; left--) {
    const size = readNumber(bytes, at);
    if (size === undefined || bytes.length < size.end + size.value + 2) return undefined;
    command.push(bytes.toString('latin1', size.end, size.end + size.value));
    at = size.end + size.value + 2;
  }
  return { command, end: at };
}

/** After its mark, up to the line's end. */
function readNumber(bytes: Buffer, at: number): { value: number; end: number } | undefined {
  const end = bytes.indexOf('\r\n', at);
  return end < 0 ? undefined : { value: Number(bytes.toString('latin1', at + 1, end)), end: end + 2 };
}
