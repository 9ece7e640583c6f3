// Requests at a fixed rate from a process of their own, each timed from the moment at which it should have been sent. Told what to
// send by a message; answers by status: how many, and the percentiles of their times.
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { percentile, round } from './figures.mjs';
import { call } from './load.mjs';

process.on('message', async ({ requests, perSecond, seconds, warmUpSeconds }) => {
  const begin = performance.now() + 20;
  const from = begin + warmUpSeconds * 1000;
  const total = Math.round(perSecond * (seconds + warmUpSeconds));
  const times = {};
  const open = new Set();
  for (let index = 0; index < total;) {
    const intended = begin + (index * 1000) / perSecond;
    const early = intended - performance.now();
    if (early > 0) {
      await sleep(early);
      continue;
    }
    const { url, ...options } = requests[index++ % requests.length];
    const one = call(url, options)
      .then(
        ({ status }) => status,
        () => 'failed',
      )
      .then((status) => intended >= from && (times[status] ??= []).push(performance.now() - intended))
      .finally(() => open.delete(one));
    open.add(one);
  }
  await Promise.all(open);
  const figures = Object.entries(times).map(([status, ms]) => [
    status,
    {
      count: ms.length,
      p50: round(percentile(ms, 0.5)),
      p99: round(percentile(ms, 0.99)),
      longest: round(Math.max(...ms)),
    },
  ]);
  process.send(Object.fromEntries(figures));
});
process.on('disconnect', () => process.exit());
