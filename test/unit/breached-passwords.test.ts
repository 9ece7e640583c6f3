import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { BreachedPasswords } from '../../src/auth/passwords/hibp.js';
import type { PasswordHasher } from '../../src/auth/passwords/password-hasher.js';
import { Passwords } from '../../src/auth/passwords/passwords.js';
import type { Statements } from '../../src/database/statements.js';
import type { Transactions } from '../../src/database/transaction.js';
import { loadSettings } from '../../src/config/settings.js';

const KNOWN = 'nine brown foxes at dawn';
const PADDING = 'quiet river stones tonight';
const digest = (password: string) => createHash('sha1').update(password).digest('hex').toUpperCase();

let server: Server;
let requests: IncomingMessage[];
let lines: string[];
let answer: (request: IncomingMessage, response: ServerResponse) => void;

/** In place of https://api.pwnedpasswords.com. */
beforeEach(async () => {
  requests = [];
  lines = [];
  answer = (_request, response) => {
    response.end(
      `${digest(KNOWN).slice(5)}:42\r\n${digest(PADDING).slice(5)}:0\r\n0018A45C4D1DEF81644B54AB7F969B88D65:1`,
    );
  };
  server = createServer((request, response) => {
    requests.push(request);
    answer(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

function service(enabled = true, port = (server.address() as AddressInfo).port): BreachedPasswords {
  const log = pino({}, { write: (line: string) => void lines.push(line) });
  return new BreachedPasswords(enabled, log, `http://127.0.0.1:${port}`);
}

describe('passwords of breaches', () => {
  it('are asked for by five characters of a hash, padded, and found in the answer (ASVS 5.0 V6.2.12)', async () => {
    expect(await service().has(KNOWN)).toBe(true);
    expect(await service().has('seven idle boats on slate water')).toBe(false);
    expect(requests[0]).toMatchObject({
      url: `/range/${digest(KNOWN).slice(0, 5)}`,
      headers: expect.objectContaining({ 'add-padding': 'true' }),
    });
    expect(JSON.stringify(requests.map(({ url, headers }) => ({ url, headers })))).not.toContain(
      digest(KNOWN).slice(5),
    );
  });

  it('are not those that only pad the answer', async () => {
    expect(await service().has(PADDING)).toBe(false);
  });

  it('compare after NFKC, as passwords do', async () => {
    expect(await service().has(KNOWN.replace('nine', 'ｎｉｎｅ'))).toBe(true);
  });

  it('are not asked for unless the setting says so', async () => {
    expect(await service(false).has(KNOWN)).toBe(false);
    expect(requests).toEqual([]);
  });

  it.each<[string, (request: IncomingMessage, response: ServerResponse) => void]>([
    ['an error', (_request, response) => response.writeHead(503).end()],
    ['a redirection', (_request, response) => response.writeHead(302, { location: 'http://localhost/' }).end()],
    ['a connection that ends', (request) => request.socket.destroy()],
    ['silence', () => undefined],
  ])('keep nobody from choosing a password: %s is a line in the log, without the password', async (_what, answers) => {
    answer = answers;
    expect(await service().has(KNOWN)).toBe(false);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('Have I Been Pwned unavailable');
    expect(lines[0]).not.toMatch(new RegExp(`${KNOWN}|${digest(KNOWN).slice(0, 5)}`));
  });

  it('are refused with a reason, before a hash is made of them', async () => {
    const hasher = { hash: () => Promise.reject(new Error('hashed')) } as unknown as PasswordHasher;
    const passwords = new Passwords(loadSettings({}), hasher, {} as Transactions, {} as Statements, service());
    const accept = passwords.accept(KNOWN, { names: [], field: 'newPassword' });
    await expect(accept).rejects.toMatchObject({
      code: 'weak-password',
      message: expect.stringContaining('breach'),
      errors: [{ path: 'newPassword' }],
    });
    // What our own rules refuse is asked of nobody.
    const before = requests.length;
    await expect(passwords.accept('password1234', { names: [] })).rejects.toMatchObject({ code: 'weak-password' });
    expect(requests).toHaveLength(before);
  });
});
