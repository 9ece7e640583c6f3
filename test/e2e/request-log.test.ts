import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Roster, startRoster } from '../support/roster.js';

let roster: Roster;
beforeAll(async () => (roster = await startRoster()));
afterAll(() => roster.stop());

/** Sends a target as it stands: clients of HTTP would put it right. */
async function get(target: string): Promise<string> {
  const socket = connect(Number(new URL(roster.url).port), '127.0.0.1');
  socket.write(`GET ${target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
  return Buffer.concat((await socket.toArray()) as Buffer[]).toString();
}

// As one of a mail looks; a page would show a good one to its owner.
const token = `${randomBytes(16).toString('hex')}.${randomBytes(32).toString('base64url')}`;
const PAGE = '/auth/verify-email';

describe('the log of requests', () => {
  it.each([
    [`${PAGE}?token=`, PAGE],
    [`${PAGE};token=`, PAGE],
    [`${PAGE}%3ftoken=`, PAGE],
    [`${PAGE}%3Ftoken%3D`, PAGE],
    [`${PAGE}%253ftoken%253D`, PAGE],
    [`${PAGE}#token=`, PAGE],
    [`${PAGE}%23token=`, PAGE],
    [`${PAGE}&token=`, PAGE],
    [`${PAGE}&amp;token=`, PAGE],
    [`${PAGE}/token=`, `${PAGE}/token`],
    [`${PAGE}/token:`, `${PAGE}/token`],
    [`${PAGE}/`, `${PAGE}/...`],
    ['/users/', '/users/...'],
    ['/%zz?token=', '/'],
    ['/%zz/token=', '/'],
  ])('and the answer hold nothing of the token behind %s', async (before, shown) => {
    const seen = roster.logLines().length;
    const answer = await get(before + token);
    const lines = roster.logLines().slice(seen);
    const [id = '', secret = ''] = token.split('.');
    for (const text of [answer, JSON.stringify(lines)]) {
      for (const part of [token, secret, id]) expect(text).not.toContain(part);
    }
    for (const { path } of lines) expect(path).toBe(shown);
  });

  it('says of every other request which path it was for', async () => {
    const id = '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071';
    for (const path of [`/users/${id}`, '/docs/events/schemas/user.created.v1.json', '/.well-known/jwks.json', '/']) {
      const seen = roster.logLines().length;
      await get(path);
      expect(roster.logLines().slice(seen)[0]).toMatchObject({ msg: 'request started', path });
    }
  });
});
