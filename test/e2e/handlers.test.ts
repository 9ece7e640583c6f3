import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable, Module, Scope } from '@nestjs/common';
import { DiscoveryModule, NestFactory } from '@nestjs/core';
import {
  BeforeRegistration,
  RegistrationHandlers,
  type RegistrationRequest,
} from '../../src/auth/registration/before-registration.js';
import type { Transaction } from '../../src/database/transaction.js';
import { OnUserEvent } from '../../src/events/handlers.js';
import type { UserEvent, UserEventOf } from '../../src/events/user-event.js';
import { DomainError } from '../../src/problems/domain-error.js';
import { takeBreaches } from '../support/per-worker/contract.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';

class QuotaReached extends DomainError {
  readonly code = 'forbidden';
}

@Injectable()
class Veto {
  static readonly seen: UserEvent[] = [];

  @OnUserEvent('user.created')
  refuse({ data }: UserEventOf<'user.created'>): void {
    if (data.email?.endsWith('@refused.example')) throw new Error('Only people of our own company may register.');
    if (data.email?.endsWith('@quota.example')) throw new QuotaReached('The quota is reached.');
    if (data.nickname === 'unwanted') throw new Error('We do not want you.');
  }

  @OnUserEvent()
  async audit(event: UserEvent, tx: Transaction): Promise<void> {
    Veto.seen.push(event);
    await tx.query('INSERT INTO audit (type, user_id) VALUES ($1, $2)', [event.type, event.userId]);
  }
}

@Injectable()
class Doorkeeper {
  static readonly seen: RegistrationRequest[] = [];

  @BeforeRegistration()
  async look(request: RegistrationRequest): Promise<void> {
    Doorkeeper.seen.push(request);
    await Promise.resolve();
    if (request.firstName === 'Eve') throw new Error('Nobody called Eve may register.');
    if (request.firstName === 'Bug') (request.username as unknown as string).trim();
  }
}

@Module({ providers: [Veto, Doorkeeper, { provide: 'the same again', useExisting: Doorkeeper }] })
class VetoModule {}

@Injectable({ scope: Scope.REQUEST })
class Fleeting {
  @BeforeRegistration()
  look(): void {
    throw new Error('never called');
  }
}

@Module({ imports: [DiscoveryModule], providers: [RegistrationHandlers, Fleeting] })
class FleetingModule {}

let roster: Roster;
beforeAll(async () => {
  const { createTestDatabase } = await import('../support/database.js');
  const template = await createTestDatabase();
  await template.query('CREATE TABLE audit (type text, user_id uuid)');
  roster = await startRoster({}, [VetoModule], template);
});
afterAll(() => roster.stop());

const counts = async () =>
  roster.database.query(`SELECT (SELECT count(*) FROM users) AS users, (SELECT count(*) FROM user_events) AS events,
    (SELECT count(*) FROM mails) AS mails, (SELECT count(*) FROM user_keys) AS keys, (SELECT count(*) FROM audit) AS audit,
    (SELECT count(*) FROM one_time_tokens) AS tokens, (SELECT count(*) FROM address_throttle) AS throttle,
    (SELECT count(*) FROM graphile_worker._private_jobs) AS jobs`);

describe('a handler inside the transaction', () => {
  it('that throws refuses everything: no user, no event, no mail, a clear 409', async () => {
    const before = await counts();
    const { body } = await roster.api
      .post('/auth/register')
      .send({ email: 'eve@refused.example', password: PASSWORD })
      .expect(409);
    expect(body).toMatchObject({ code: 'refused-by-handler', detail: 'Only people of our own company may register.' });
    expect(await counts()).toEqual(before);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(roster.inbox.to('eve@refused.example')).toEqual([]);
  });

  it('can answer with a problem of its own', async () => {
    const { body } = await roster.api
      .post('/auth/register')
      .send({ email: 'eve@quota.example', password: PASSWORD })
      .expect(403);
    expect(body).toMatchObject({ code: 'forbidden', detail: 'The quota is reached.' });
    // The document cannot know what an installation adds.
    expect(takeBreaches()).toEqual([expect.stringMatching(/^POST \/auth\/register answered 403/)]);
  });

  it('writes its own rows in the same transaction, and sees every event with its actor and trace id', async () => {
    const traceId = 'audit-1.test';
    await roster.api
      .post('/auth/register')
      .set('x-request-id', traceId)
      .send({ email: 'ada@welcome.example', password: PASSWORD })
      .expect(202);
    const rows = await roster.database.query(
      "SELECT type FROM audit WHERE user_id = (SELECT id FROM users WHERE email = 'ada@welcome.example')",
    );
    expect(rows).toEqual([{ type: 'user.created' }, { type: 'user.verification_token.created' }]);
    const [created, due] = Veto.seen.slice(-2);
    expect(created).toMatchObject({ type: 'user.created', userVersion: 1, traceId, actor: { kind: 'anonymous' } });
    expect(due).toMatchObject({ type: 'user.verification_token.created', userVersion: 2, traceId });
    expect(JSON.stringify(Veto.seen)).not.toContain(PASSWORD);
  });

  it('is told of the first admin too', () => {
    expect(Veto.seen[0]).toMatchObject({ type: 'user.created', actor: { kind: 'system' }, data: { role: 'ADMIN' } });
  });
});

/** An answer without what differs from request to request. */
const comparable = ({ status, body }: { status: number; body: object }) => ({ status, ...body, traceId: '' });
const register = (input: object) => roster.api.post('/auth/register').send({ password: PASSWORD, ...input });

describe('a handler before registration', () => {
  it('sees what was sent and from where, once, and never the password', async () => {
    const email = 'seen@welcome.example';
    const already = Doorkeeper.seen.length;
    await register({ email, username: 'seen', lastName: 'Lovelace', locale: 'en' })
      .set('user-agent', 'Test/1')
      .expect(202);
    expect(Doorkeeper.seen.slice(already)).toEqual([
      {
        email,
        username: 'seen',
        firstName: null,
        lastName: 'Lovelace',
        nickname: null,
        locale: 'en',
        ip: '127.0.0.1',
        userAgent: 'Test/1',
      },
    ]);
    expect(JSON.stringify(Doorkeeper.seen)).not.toContain(PASSWORD);
  });

  it('that throws refuses with its message before anything is done, even the check of the password', async () => {
    const before = await counts();
    const { body } = await register({ email: 'eve@welcome.example', firstName: 'Eve', password: 'x' }).expect(409);
    expect(body).toMatchObject({ code: 'refused-by-handler', detail: 'Nobody called Eve may register.' });
    expect(await counts()).toEqual(before);
  });

  it('that has a slip answers 500 without telling of it', async () => {
    const { body } = await register({ email: 'bug@welcome.example', firstName: 'Bug' }).expect(500);
    expect(body).toMatchObject({ code: 'internal-error' });
    expect(JSON.stringify(body)).not.toContain('trim');
  });

  it('stops the start where it would never be called', async () => {
    const start = NestFactory.createApplicationContext(FleetingModule, { logger: false, abortOnError: false });
    await expect(start).rejects.toThrow(/Fleeting\.look is never called/);
  });
});

describe('a refusal', () => {
  it('says the same of an address that is taken as of one that is free, whichever handler refuses (A6.3.8)', async () => {
    await roster.join('taken@welcome.example');
    for (const [by, input] of Object.entries({ before: { firstName: 'Eve' }, inside: { nickname: 'unwanted' } })) {
      const before = await counts();
      const taken = await register({ email: 'taken@welcome.example', ...input }).expect(409);
      const free = await register({ email: `free-${by}@welcome.example`, ...input }).expect(409);
      expect(comparable(taken)).toEqual(comparable(free));
      expect(await counts()).toEqual(before);
    }
  });
});
