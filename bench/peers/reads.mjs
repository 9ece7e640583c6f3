// Who am I at a fixed rate, from a process of its own: told by a message at which system, then with which session and for how long.
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { percentile, round } from '../support/figures.mjs';
import { atFixedRate } from '../support/load.mjs';

process.on('disconnect', () => process.exit());
const [{ name, url, options }] = await once(process, 'message');
const { open } = await import(`./adapters/${name}.mjs`);
const adapter = await open({ url, options });
process.send('ready');
const [{ session, perSecond, seconds, warmUpSeconds }] = await once(process, 'message');
await sleep(warmUpSeconds * 1000);
const { times, failed } = await atFixedRate({ perSecond, seconds, send: () => adapter.me(session).then(() => true) });
process.send({ p50: round(percentile(times, 0.5)), p99: round(percentile(times, 0.99)), failed });
