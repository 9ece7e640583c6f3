// Node's own Argon2id and nothing else, one process a core at the lowest priority: `node raw-argon2id.mjs <seconds>`, under fork().
import { argon2Sync, randomBytes } from 'node:crypto';
import os from 'node:os';
import { performance } from 'node:perf_hooks';

os.setPriority(0, 19);
const seconds = Number(process.argv[2]);
// What PASSWORD_HASH=argon2id takes.
const parameters = {
  message: 'y',
  nonce: randomBytes(16),
  memory: 19 * 1024,
  passes: 2,
  parallelism: 1,
  tagLength: 32,
};
const begin = performance.now();
let count = 0;
while (performance.now() - begin < seconds * 1000) {
  argon2Sync('argon2id', parameters);
  count++;
}
process.send({ perSecond: (count * 1000) / (performance.now() - begin) });
process.disconnect();
