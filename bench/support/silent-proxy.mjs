import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { URL } from 'node:url';

/** Stands before a database and can fall silent, as a firewall does that forgets its connections: nobody is told anything. */
export async function silentProxy(databaseUrl) {
  const target = new URL(databaseUrl);
  const pairs = new Set();
  let silent = false;
  const server = createServer((inward) => {
    const outward = connect(Number(target.port), target.hostname);
    const pair = [inward, outward];
    pairs.add(pair);
    for (const [socket, other] of [pair, [outward, inward]]) {
      socket.on('error', () => undefined).on('close', () => (pairs.delete(pair), other.destroy()));
      // What comes while it is silent is lost.
      socket.on('data', (bytes) => silent || other.write(bytes));
    }
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const url = new URL(target);
  url.port = String(server.address().port);
  return {
    url: url.href,
    fallSilent: () => (silent = true),
    stop: () => {
      server.close();
      for (const socket of [...pairs].flat()) socket.destroy();
    },
  };
}
