/** Calls to the emulator's control endpoint, with errors as commands give them. */
import { createEmulatorControl, type EmulatorControl } from '@sion/emulator';
import { SionError } from '@sion/wire';
import { CliError } from '../cli-error.ts';
import { type Address, explainFault } from './http-call.ts';

/** Gives what `use` gives; a refusal or silence of the emulator ends the command with exit code 1. */
export async function callEmulator<T>(address: Address, use: (control: EmulatorControl) => Promise<T>): Promise<T> {
  try {
    return await use(createEmulatorControl(`http://${address.host}:${address.port}`));
  } catch (error) {
    if (!(error instanceof SionError)) throw error;
    if (error.code === 'unavailable' && error.cause instanceof Error) throw explainFault(address, error.cause);
    throw new CliError(1, error.message, { cause: error });
  }
}
