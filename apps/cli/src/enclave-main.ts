import { enclaveRun } from './commands/enclave/enclave-run.ts';
import { runProcess } from './program/run-process.ts';

// The program of the measured image: nothing but `enclave run`. Bundled into one file, it is what the evidence covers.
await runProcess([enclaveRun]);
