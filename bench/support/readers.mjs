// Connections that read again as soon as they were answered, in a process of their own: no figure of a server has their work in it.
import { connect } from 'node:net';
import { performance } from 'node:perf_hooks';
import { percentile, round } from './figures.mjs';

process.on('message', async ({ port, paths, headers = {}, connections, seconds }) => {
  const fields = Object.entries({ host: `127.0.0.1:${port}`, ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  const requests = paths.map((path) => `GET ${path} HTTP/1.1\r\n${fields.join('')}\r\n`);
  const begin = performance.now();
  const to = begin + seconds * 1000;
  const times = await Promise.all(Array.from({ length: connections }, (_, at) => readOn(port, requests, at, to)));
  const all = times.flat();
  const elapsed = (performance.now() - begin) / 1000;
  process.send({
    count: all.length,
    perSecond: round(all.length / elapsed, 0),
    p50: round(percentile(all, 0.5)),
    p99: round(percentile(all, 0.99)),
  });
});

/** One connection without pipelining. @returns milliseconds of each answer, all of which have to be 200 */
function readOn(port, requests, first, to) {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const times = [];
    let next = first;
    let sent = 0;
    let text = '';
    const ask = () => {
      sent = performance.now();
      if (sent < to) socket.write(requests[next++ % requests.length]);
      else socket.end(() => resolve(times));
    };
    socket.on('connect', ask);
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      text += chunk.latin1Slice();
      const head = text.indexOf('\r\n\r\n');
      if (head === -1) return;
      const length = Number(/\r\ncontent-length: (\d+)\r\n/i.exec(text)?.[1]);
      if (text.length < head + 4 + length) return;
      if (!text.startsWith('HTTP/1.1 200 ')) reject(new Error(`A read failed: ${text}`));
      times.push(performance.now() - sent);
      text = '';
      ask();
    });
  });
}
