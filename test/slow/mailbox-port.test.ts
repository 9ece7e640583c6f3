import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startMailbox } from '../../src/development/mailbox/mailbox.js';

let dataDir: string;
beforeAll(async () => void (dataDir = await mkdtemp(join(tmpdir(), 'roster-mailbox-'))));
afterAll(() => rm(dataDir, { recursive: true, force: true }));

it('the web side of the mailbox takes the next free port when its own is taken, says so once, and is there at every start after that', async () => {
  const [other, next] = [createServer(), createServer()];
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as AddressInfo;
  await new Promise<void>((resolve) => next.listen(port + 1, '127.0.0.1', resolve).on('error', () => resolve()));
  const said: string[] = [];
  const start = () => startMailbox({ dataDir, webPort: port, onProgress: (text) => said.push(text) });
  const second = await start();
  const { webUrl } = second;
  expect((await fetch(webUrl)).status).toBe(200);
  expect(Number(new URL(webUrl).port)).toBeGreaterThan(port + 1);
  expect(said).toEqual([`Port ${port} is in use by another program, so the mailbox is at ${webUrl} from now on.`]);
  await second.stop();
  const again = await start();
  expect(again.webUrl).toBe(webUrl);
  await again.stop();
  other.close();
  next.close();
  const later = await start();
  expect(later.webUrl).toBe(webUrl);
  expect(said).toHaveLength(1);
  await later.stop();
});
