import type { Command } from '../program/command.ts';
import { down } from './down.ts';
import { status } from './status.ts';
import { up } from './up.ts';

/** Every command, in the order of the help. */
export const commands: readonly Command[] = [up, down, status];
