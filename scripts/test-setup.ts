import fc from 'fast-check';

// Every property test of a run uses one seed, printed so that a failure can be replayed: DCML_SEED=… npm test
const seed = Number(process.env['DCML_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
fc.configureGlobal({ seed });
console.log(`property seed ${seed} (replay with DCML_SEED=${seed})`);
