import { commands } from './commands/index.ts';
import { runProcess } from './program/run-process.ts';

await runProcess(commands);
