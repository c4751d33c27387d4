/** `npm run build -w packages/client`: builds `dist`, and says how large it is. */
import { fileURLToPath } from 'node:url';
import { buildPackage } from './package-files.ts';

const { codeBytes, declarationBytes } = await buildPackage(fileURLToPath(new URL('../dist', import.meta.url)));
console.error(`dist: ${codeBytes} bytes of code, ${declarationBytes} bytes of declarations`);
