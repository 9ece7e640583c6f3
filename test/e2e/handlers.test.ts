import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable, Module } from '@nestjs/common';
import type { Transaction } from '../../src/database/transaction.js';
import { OnUserEvent } from '../../src/events/handlers.js';
import type { UserEvent, UserEventOf } from '../../src/events/user-event.js';
import { DomainError } from '../../src/http/domain-error.js';
import { takeBreaches } from '../support/contract.js';
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
  }

  @OnUserEvent()
  async audit(event: UserEvent, tx: Transaction): Promise<void> {
    Veto.seen.push(event);
    await tx.query('INSERT INTO audit (type, user_id) VALUES ($1, $2)', [event.type, event.userId]);
  }
}

@Module({ providers: [Veto] })
class VetoModule {}

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
