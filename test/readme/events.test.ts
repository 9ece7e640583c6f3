import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PACKAGE_ROOT } from '../../src/config/package-root.js';
import { signedHeaders } from '../../src/relay/webhooks/signature.js';
import { eventually, freePort } from '../support/process.js';
import { type Roster, startRoster } from '../support/roster.js';
import { Webhooks } from '../support/webhooks.js';

const PAGE = readFileSync(join(PACKAGE_ROOT, 'docs/events.md'), 'utf8');

/** The only block of this language on the page. */
function block(language: string): string {
  const [found, ...others] = [...PAGE.matchAll(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, 'gm'))];
  expect(others).toEqual([]);
  return found![1]!;
}

const RECEIVERS = [
  { language: 'ts', file: 'receiver.ts', command: join(PACKAGE_ROOT, 'node_modules/.bin/node') },
  { language: 'python', file: 'receiver.py', command: 'python3' },
];

let roster: Roster;
let hooks: Webhooks;
let admin: string;
let folder: string;
const programs: ChildProcess[] = [];
beforeAll(async () => {
  roster = await startRoster();
  admin = await roster.signIn();
  hooks = new Webhooks(roster, admin);
  folder = mkdtempSync(join(tmpdir(), 'roster-receivers-'));
});
afterAll(async () => {
  for (const program of programs) program.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
  await roster.stop();
});

const listens = (url: string): Promise<boolean> =>
  fetch(url, { method: 'POST' }).then(
    () => true,
    () => false,
  );

describe('docs/events.md', () => {
  it.each(RECEIVERS)(
    'has a receiver in $language that takes what Roster signs, once, and nothing else',
    async (receiver) => {
      const { language, file, command } = receiver;
      const port = await freePort();
      const url = `http://127.0.0.1:${port}/`;
      const { id, secret } = await hooks.add(url, { types: ['user.updated'] });
      writeFileSync(join(folder, file), block(language));
      const program = spawn(command, [join(folder, file)], {
        env: { PATH: process.env['PATH'], SECRET: secret, PORT: String(port) },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      programs.push(program);
      let said = '';
      program.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
      let errors = '';
      program.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
      await eventually('the receiver', () => listens(url));

      const made = await roster.api.post('/users').set('authorization', `Bearer ${admin}`).send({ firstName: 'Ada' });
      const userId = String(made.body.id);
      const change = roster.api.patch(`/users/${userId}`).set('authorization', `Bearer ${admin}`);
      await change.send({ bio: 'x' }).expect(200);
      const line = `user.updated ${userId} v2\n`;
      await eventually('the event', () => said === line);
      await hooks.untilNone(id, 'pending');
      const [delivery] = await hooks.deliveries(id);
      await hooks.call('post', `/${id}/deliveries/${delivery!.id}/resend`).expect(202);
      await hooks.untilNone(id, 'pending');
      expect((await hooks.deliveries(id))[0]!.attempts.map(({ status }) => status)).toEqual([204, 204]);
      const tried = await hooks.call('post', `/${id}/test`).expect(200);
      expect(tried.body).toMatchObject({ accepted: true });
      const rotated = await hooks.call('post', `/${id}/rotate-secret`).expect(200);
      expect((await hooks.call('post', `/${id}/test`).expect(200)).body).toMatchObject({ accepted: true });

      const body = JSON.stringify({ type: 'user.erased', subject: userId, userversion: 9, data: {} });
      const post = (headers: Record<string, string>) => fetch(url, { method: 'POST', headers, body });
      const key = (text: string) => Buffer.from(text.slice('whsec_'.length), 'base64');
      const signed = (keyed: string, at = new Date()) => signedHeaders([key(keyed)], { id: userId, at, body });
      const forged = [
        {},
        signed((rotated.body as { secret: string }).secret),
        signed(secret, new Date(Date.now() - 6 * 60_000)),
        { ...signed(secret), 'webhook-id': 'another' },
        { ...signed(secret), 'webhook-timestamp': 'now' },
      ];
      for (const headers of forged) expect((await post(headers)).status).toBe(401);
      expect((await post(signed(secret))).status).toBe(204);
      await eventually('no more than was meant', () => said === `${line}user.erased ${userId} v9\n`);
      expect(errors).not.toMatch(/Traceback|Error:/);
      await hooks.call('delete', `/${id}`).expect(204);
      program.kill('SIGTERM');
      await once(program, 'close');
    },
  );

  it('shows an event as it is, and names commands and routes that there are', async () => {
    const { example } = { example: JSON.parse(block('json')) as { type: string; data: object } };
    const { body } = await roster.api.get('/docs/events.json').expect(200);
    const [{ payload }] = body.components.messages[example.type].examples as [{ payload: object }];
    expect(Object.keys(example)).toEqual(Object.keys(payload));
    expect(Object.keys(example.data)).toEqual(['from', 'to']);
    const document = (await roster.api.get('/docs-json').expect(200)).body as { paths: object };
    for (const [, path = ''] of PAGE.matchAll(/`(?:GET|POST|PATCH) (\/[^`? ]*)/g)) {
      expect(Object.keys(document.paths)).toContain(path);
    }
  });
});
