// A process that runs a development chain until it is killed: the crash tests' victim.
import { startDevChain } from '../src/chain/dev-chain.ts';

const dataDir = process.argv[2];
if (dataDir === undefined) throw new Error('usage: chain-child.ts DATA_DIR');
const chain = await startDevChain({
  dataDir,
  signal: new AbortController().signal,
  onExit: (reason) => {
    console.error(reason);
    process.exit(1);
  },
});
console.log(JSON.stringify({ rpcUrl: chain.rpcUrl, pid: chain.pid }));
