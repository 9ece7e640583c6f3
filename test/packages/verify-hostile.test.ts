import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type CryptoKey, exportJWK, generateKeyPair, type JWTHeaderParameters, SignJWT } from 'jose';
import { Verifier, type VerifyError } from '../../packages/verify/src/index.js';
import { eventually } from '../support/eventually.js';

const ISSUER = 'http://localhost:3000';
const EMPTY = { items: [], page: { limit: 1000, nextAfter: 0, hasMore: false, keptForSeconds: 3600 } };

let keys: object[];
let ours: CryptoKey;
beforeAll(async () => {
  const made = await Promise.all(['one', 'two'].map(async (kid) => ({ kid, ...(await generateKeyPair('ES256')) })));
  ours = made[0]!.privateKey;
  keys = await Promise.all(made.map(async ({ kid, publicKey }) => ({ ...(await exportJWK(publicKey)), kid })));
});

const open: (() => void)[] = [];
afterEach(() => open.splice(0).forEach((close) => close()));

interface Answers {
  page: (asked: string) => unknown;
  stream: (response: ServerResponse) => void;
}

/** A service whose Roster answers its feed so. */
async function service(given: Partial<Answers>, maxLag = 300) {
  const answers: Answers = { page: () => EMPTY, stream: (response) => response.writeHead(502).end(), ...given };
  const server: Server = createServer(({ url = '', headers }, response) => {
    if (url.includes('jwks')) response.end(JSON.stringify({ keys }));
    else if (headers.accept?.includes('event-stream')) answers.stream(response);
    else response.end(JSON.stringify(answers.page(url)));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const errors: Error[] = [];
  const verifier = new Verifier({
    ...{ roster: ISSUER, key: 'key', maxLag, pollEvery: 50 },
    internalUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    onError: (error) => errors.push(error as Error),
  });
  open.push(() => {
    verifier.close();
    server.closeAllConnections();
    server.close();
  });
  return { verifier, errors, answers };
}

const tokenWith = (header: Partial<JWTHeaderParameters>) =>
  new SignJWT({ sid: 'session', role: 'AUTHENTICATED' })
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', ...header })
    .setIssuer(ISSUER)
    .setAudience(ISSUER)
    .setSubject('user')
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(ours);

/** The code that the token is refused with; undefined if it holds. */
const refusal = (verifier: Verifier, token: string) =>
  verifier.verify(token).then(
    () => undefined,
    (error: unknown) => (error as VerifyError).code,
  );

describe('a service that is sent a token without a key id', () => {
  it('refuses it as wrong, and does not take it for an outage, while there are several keys', async () => {
    const { verifier } = await service({}, 10_000);
    expect(await refusal(verifier, await tokenWith({ kid: 'one' }))).toBeUndefined();
    expect(await refusal(verifier, await tokenWith({}))).toBe('not-authenticated');
    expect(await refusal(verifier, await tokenWith({ kid: 'two' }))).toBe('not-authenticated');
    expect(await refusal(verifier, await tokenWith({ kid: 7 as never }))).toBe('not-authenticated');
  });
});

describe('a service whose feed answers with something else', () => {
  const row = { position: 1, sid: 'another', reason: 'signed-out', at: '2026-11-20T10:00:00.000Z' };
  const wrong: Record<string, unknown> = {
    'an empty object': {},
    'no list': { ...EMPTY, items: null },
    'a page without values': { items: [], page: {} },
    'a position that is none': { ...EMPTY, page: { ...EMPTY.page, nextAfter: 'x' } },
    'no word on whether there is more': { ...EMPTY, page: { ...EMPTY.page, hasMore: null } },
    'more of the same without end': { ...EMPTY, page: { ...EMPTY.page, hasMore: true } },
    'a subject that is no text': { ...EMPTY, items: [{ ...row, sid: 7 }] },
    'a time that is none': { ...EMPTY, items: [{ ...row, at: 'now' }] },
    'an epoch that is none': { ...EMPTY, items: [{ ...row, sub: 'user', epoch: '9' }] },
  };
  it.each(Object.keys(wrong))('lets nobody in, and goes on when it is right again: %s', async (name) => {
    let asked = 0;
    const { verifier, answers, errors } = await service({ page: () => (asked++, wrong[name]) });
    const token = await tokenWith({ kid: 'one' });
    expect(await refusal(verifier, token)).toBe('unavailable');
    expect(errors.length).toBeGreaterThan(0);
    expect(asked).toBeLessThan(100);
    answers.page = (url) => (url.includes('after=0') ? EMPTY : {});
    await eventually(async () => (await refusal(verifier, token)) === undefined);
  });

  it('takes what a later release adds', async () => {
    const items = [
      { ...row, added: true },
      { position: 2, device: 'new', reason: 'another', at: row.at },
    ];
    const { verifier } = await service({ page: () => ({ ...EMPTY, added: 1, items }) }, 10_000);
    expect(await refusal(verifier, await tokenWith({ kid: 'one' }))).toBeUndefined();
  });

  it('keeps nothing of a line that does not end', async () => {
    const { errors } = await service({
      stream: (response) => {
        response.on('error', () => undefined);
        response.write(`data: ${'x'.repeat(200_000)}`);
      },
    });
    await eventually(() => errors.some(({ message }) => message.includes('does not end')));
  });

  it('keeps nothing of an event that does not end', async () => {
    const { errors } = await service({
      stream: (response) => {
        response.on('error', () => undefined);
        response.write(`data: ${'x'.repeat(1000)}\n`.repeat(200));
      },
    });
    await eventually(() => errors.some(({ message }) => message.includes('does not end')));
  });
});
