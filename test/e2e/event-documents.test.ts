import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { USER_EVENTS } from '../../src/events/catalogue.js';
import { EventLog } from '../../src/events/event-log.js';
import { Transactions } from '../../src/database/transaction.js';
import { takeBreaches } from '../support/per-worker/contract.js';
import { type Roster, startRoster } from '../support/roster.js';

let roster: Roster;
beforeAll(async () => (roster = await startRoster()));
afterAll(() => roster.stop());

describe('The documents of the events', () => {
  it('are a page with a strict policy that its own style fits', async () => {
    const page = await roster.api.get('/docs/events').set('accept', 'text/html').expect(200);
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
    const style = /<style>([^]*?)<\/style>/.exec(page.text)![1]!;
    const hash = createHash('sha256').update(style).digest('base64');
    expect(page.headers['content-security-policy']).toContain(`style-src 'sha256-${hash}'`);
    expect(page.headers['content-security-policy']).toMatch(/^default-src 'none';/);
    for (const [, href = ''] of page.text.matchAll(/href="([^"#]+)"/g)) {
      await roster.api.get(new URL(href, 'http://localhost/docs/events').pathname).expect(200);
    }
    await roster.api.get('/docs').expect(200, /Roster API/);
  });

  it('are an AsyncAPI document, and a schema for each event at the address that the event names', async () => {
    const { body } = await roster.api.get('/docs/events.json').expect(200);
    const asked = await roster.api.get('/docs/events').set('accept', 'application/json').expect(200);
    expect(asked.headers).toMatchObject({ 'content-type': 'application/json; charset=utf-8', vary: 'Accept' });
    expect(asked.body).toEqual(body);
    await roster.api
      .get('/docs/events')
      .set('accept', '*/*')
      .expect(200)
      .expect('content-type', /^text\/html/);
    expect(body).toMatchObject({ asyncapi: '3.0.0', channels: { kafka: { address: 'users.events' } } });
    for (const type of Object.keys(USER_EVENTS)) {
      const schema = await roster.api.get(`/docs/events/schemas/${type}.v1.json`).expect(200);
      expect(schema.headers['content-type']).toMatch(/^application\/schema\+json/);
      expect(schema.body).toMatchObject({ title: type, type: 'object' });
    }
    for (const file of ['user.created.v2.json', 'user.created', '..%2f..%2fpackage.json', 'constructor']) {
      await roster.api.get(`/docs/events/schemas/${file}`).expect(404);
    }
  });
});

describe('An event in these tests', () => {
  it('that is not as its schema says is a breach of the contract', async () => {
    const log = roster.app.get(EventLog, { strict: false });
    const wrong = { type: 'user.role_changed', data: { from: 'ADMIN', to: 'ROOT' } } as never;
    const stream = { userId: '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071', afterVersion: 0 };
    const rolledBack = roster.app.get(Transactions, { strict: false }).run(async (tx) => {
      await log.append(tx, stream, [wrong], { actor: { kind: 'system' }, traceId: 'x' });
      throw new Error('enough');
    });
    await expect(rolledBack).rejects.toThrow('enough');
    expect(takeBreaches()).toEqual([expect.stringContaining('user.role_changed is not as its schema says')]);
  });
});
