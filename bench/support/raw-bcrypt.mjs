// bcrypt and nothing else, one process a core at the lowest priority: `node raw-bcrypt.mjs <cost> <seconds>`, under fork().
import { performance } from 'node:perf_hooks';
import os from 'node:os';
import bcrypt from 'bcrypt';

os.setPriority(0, 19);
const [cost, seconds] = process.argv.slice(2).map(Number);
const stored = bcrypt.hashSync('x', cost);
const begin = performance.now();
let count = 0;
while (performance.now() - begin < seconds * 1000) {
  bcrypt.compareSync('y', stored);
  count++;
}
process.send({ perSecond: (count * 1000) / (performance.now() - begin) });
process.disconnect();
