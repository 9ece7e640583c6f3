import { Agent as HttpAgent } from 'node:http';
import { Agent } from 'node:https';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { WebhookSender } from '../../src/relay/webhooks/webhook-sender.js';
import { WebhookTargets } from '../../src/relay/webhooks/webhook-targets.js';
import { CERTIFICATE } from '../support/certificate.js';
import { eventually } from '../support/eventually.js';
import { Receiver } from '../support/receiver.js';
import { freePort } from '../support/process.js';
import { type Roster, startRoster } from '../support/roster.js';
import { type Added, Webhooks } from '../support/webhooks.js';

let roster: Roster;
let admin: string;
let hooks: Webhooks;
const receivers: Receiver[] = [];
beforeAll(async () => {
  roster = await startRoster();
  admin = await roster.signIn();
  hooks = new Webhooks(roster, admin);
});
beforeEach(() => hooks.settle());
afterAll(async () => {
  for (const receiver of receivers) await receiver.stop();
  await roster.stop();
});

async function receive(...given: Parameters<typeof Receiver.start>): Promise<Receiver> {
  const receiver = await Receiver.start(...given);
  receivers.push(receiver);
  return receiver;
}

const make = () =>
  roster.api.post('/users').set('authorization', `Bearer ${admin}`).send({ firstName: 'Ada' }).expect(201);
const errors = async ({ id }: Added) =>
  (await hooks.deliveries(id)).flatMap(({ attempts }) => attempts.map(({ error }) => error ?? 'none'));

describe('An endpoint that answers 500, redirects to loopback, is slow, is silent, or is not there', () => {
  it('does not keep anything from another', async () => {
    const good = await receive();
    const inside = await receive();
    const broken = await receive(() => 500);
    const redirecting = await receive((_, response) => void response.writeHead(302, { location: inside.url }).end());
    const endless = await receive((_, response) => {
      response.writeHead(200);
      const drip = setInterval(() => response.write('x'), 20);
      response.on('close', () => clearInterval(drip));
      return undefined;
    });
    const slow = await receive();
    slow.answer = slow.hold;
    const added = {
      good: await hooks.add(good.url),
      broken: await hooks.add(broken.url),
      redirecting: await hooks.add(redirecting.url),
      endless: await hooks.add(endless.url),
      slow: await hooks.add(slow.url),
      gone: await hooks.add(`http://127.0.0.1:${await freePort()}/`),
    };
    // More than the slow one may have under way at once.
    for (let count = 0; count < 20; count++) await make();
    await good.waitFor(20);
    expect(slow.held).toHaveLength(8);
    expect(slow.received).toHaveLength(8);
    await hooks.untilNone(added.good.id, 'pending');

    await eventually(async () => (await errors(added.broken)).includes('answered 500'));
    await eventually(async () =>
      (await errors(added.redirecting)).includes('answered 302; redirects are not followed'),
    );
    await eventually(async () => /ECONNREFUSED/.test((await errors(added.gone)).join()));
    expect(inside.received).toEqual([]);
    slow.answer = () => 204;
    slow.release();
    await hooks.untilNone(added.slow.id, 'pending');
    expect(slow.received).toHaveLength(20);
    for (const { id } of Object.values(added)) await hooks.call('delete', `/${id}`).expect(204);
  });

  it('does not slow others: all of theirs arrive, and are done, while it still has its first in hand', async () => {
    const slow = await Promise.all([1, 2, 3].map(() => receive()));
    for (const receiver of slow) receiver.answer = receiver.hold;
    const broken = await Promise.all([1, 2, 3].map(() => receive(() => 503)));
    const good = await Promise.all([1, 2].map(() => receive()));
    const added = new Map<Receiver, Added>();
    for (const receiver of [...slow, ...broken, ...good]) added.set(receiver, await hooks.add(receiver.url));
    const made: string[] = [];
    while (made.length < 40) made.push(String((await make()).body.id));
    for (const receiver of good) {
      await receiver.waitFor(40);
      await hooks.untilNone(added.get(receiver)!.id, 'pending');
      // One of those made after another may overtake it, but none comes twice.
      expect(receiver.received.map(({ event }) => event['subject']).sort()).toEqual([...made].sort());
    }
    for (const receiver of slow) expect([receiver.held.length, receiver.received.length]).toEqual([8, 8]);
    // Eight at once, before it is known that they fail; then there is a pause.
    for (const receiver of broken) expect(receiver.received.length).toBeLessThanOrEqual(8 + 4);

    for (const receiver of slow) {
      receiver.answer = () => 204;
      receiver.release();
      await hooks.untilNone(added.get(receiver)!.id, 'pending');
      expect(receiver.received).toHaveLength(40);
    }
    for (const { id } of added.values()) await hooks.call('delete', `/${id}`).expect(204);
  });

  it('is not waited for without end', async () => {
    Object.assign(roster.app.get(WebhookSender, { strict: false }), { answerWithinMs: 300 });
    const silent = await receive();
    silent.answer = silent.hold;
    const endless = await receive((_, response) => {
      response.writeHead(200).write('no end');
      return undefined;
    });
    const [one, other] = [await hooks.add(silent.url), await hooks.add(endless.url)];
    await make();
    await eventually(async () => (await errors(one)).includes('no answer within 0.3 seconds'));
    // The status has come, and that is the answer.
    await hooks.untilNone(other.id, 'pending');
    expect((await hooks.deliveries(other.id))[0]).toMatchObject({
      state: 'delivered',
      attempts: [{ status: 200, answer: null }],
    });
    for (const { id } of [one, other]) await hooks.call('delete', `/${id}`).expect(204);
    Object.assign(roster.app.get(WebhookSender, { strict: false }), { answerWithinMs: 10_000 });
  });
});

describe('An answer that repeats what was sent', () => {
  it('is kept of those who are still there, and not of one who was erased while the message was under way', async () => {
    const receiver = await receive();
    receiver.answer = receiver.hold;
    const added = await hooks.add(receiver.url, { types: ['user.created'] });
    const [erased, other] = [String((await make()).body.id), String((await make()).body.id)];
    await receiver.waitFor(2);
    await roster.api.post(`/users/${erased}/erase`).set('authorization', `Bearer ${admin}`).expect(204);
    for (const response of receiver.held.splice(0)) response.writeHead(500).end('Ada');
    await eventually(async () => (await errors(added)).length === 2);
    const kept = (await hooks.deliveries(added.id)).map(({ userId, attempts }) => [userId, attempts[0]!.answer]);
    expect(new Map(kept as [string, string | null][])).toEqual(
      new Map([
        [erased, null],
        [other, 'Ada'],
      ]),
    );
    await hooks.call('delete', `/${added.id}`).expect(204);
  });
});

describe('By HTTPS', () => {
  it('a message goes to whoever has a certificate of that name, and to nobody else', async () => {
    const receiver = await receive(() => 204, CERTIFICATE);
    const resolve = () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]);
    Object.assign(roster.app.get(WebhookTargets, { strict: false }), { resolve });
    const [own, other] = ['hooks', 'elsewhere'].map((name) => `https://${name}.example.com:${receiver.port}/`);
    const added = await hooks.add(own!);
    await make();
    await eventually(async () => (await errors(added)).length > 0);
    expect(await errors(added)).toEqual([expect.stringContaining('self-signed certificate')]);
    expect(receiver.received).toEqual([]);

    const https = new Agent({ keepAlive: true, ca: CERTIFICATE.cert });
    Object.assign(roster.app.get(WebhookSender, { strict: false }), { agents: { http: new HttpAgent(), https } });
    const wrong = await hooks.add(other!);
    await make();
    await receiver.waitFor(1);
    await eventually(async () => /does not match certificate/.test((await errors(wrong)).join()));
    expect(new Set(receiver.received.map(({ headers }) => headers.host))).toEqual(new Set([new URL(own!).host]));
    for (const { id } of [added, wrong]) await hooks.call('delete', `/${id}`).expect(204);
  });
});

describe('Where nothing of inside may be reached', () => {
  it('an endpoint whose name leads there by the time of sending is not connected to', async () => {
    const inside = await receive();
    const added = await hooks.add(inside.url);
    const targets = roster.app.get(WebhookTargets, { strict: false });
    Object.assign(targets, {
      allowPrivate: false,
      resolve: () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]),
    });
    await hooks.call('post', '', { url: inside.url }).expect(400, /https:/);
    await hooks.call('post', '', { url: 'https://127.0.0.1/' }).expect(400, /loopback/);
    const rebound = await hooks.add('https://hooks.example.com/roster');
    await make();
    await eventually(async () => /\(loopback\)/.test((await errors(rebound)).join()));
    // Nor one that was added when it was still allowed.
    await eventually(async () => (await errors(added)).includes('must start with https://'));
    expect(inside.received).toEqual([]);
  });
});

describe('In production, a webhook that could only lead inside', () => {
  it.each([
    ['https://localhost/hook', /localhost is not a public name; WEBHOOK_ALLOW_PRIVATE=true/],
    ['https://crm/hook', /crm is not a public name/],
    ['https://127.0.0.1/hook', /not an allowed address for webhooks \(loopback\)/],
    ['https://[::ffff:0:a00:1]/hook', /not an allowed address for webhooks \(an IPv4 address in IPv6\)/],
  ])('is refused with a reason when it is added or changed, as %s', async (url, reason) => {
    const judge = roster.app.get(WebhookTargets, { strict: false });
    // As outside development.
    Object.assign(judge, { allowPrivate: false });
    const { id } = await hooks.add('https://hooks.example.com/');
    for (const refused of [hooks.call('post', '', { url }), hooks.call('patch', `/${id}`, { url })]) {
      const { body } = await refused.expect(400);
      expect(body.errors).toEqual([{ path: 'url', message: expect.stringMatching(reason) }]);
    }
    await hooks.call('delete', `/${id}`).expect(204);
    Object.assign(judge, { allowPrivate: true });
  });
});
