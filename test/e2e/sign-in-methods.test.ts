import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Body, Controller, HttpCode, Injectable, Module, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { IsString } from 'class-validator';
import { Allow } from '../../src/access/allow.decorator.js';
import { Context, type RequestContext } from '../../src/access/caller.js';
import { type MethodOffer, type OwnMethod, SignInMethod } from '../../src/auth/sign-in-methods/sign-in-method.js';
import { SignInGate } from '../../src/auth/sign-in/sign-in-gate.js';
import { SignInModule } from '../../src/auth/sign-in/sign-in.module.js';
import { SignedInResponse } from '../../src/auth/sessions/signed-in.response.js';
import { BeforeRegistration, type RegistrationRequest } from '../../src/auth/registration/before-registration.js';
import type { Transaction } from '../../src/database/transaction.js';
import { ApiProblems } from '../../src/problems/api-problems.js';
import type { UserEntity } from '../../src/users/store/user.entity.js';
import { tokenIn } from '../support/inbox.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';

/** A third way to sign in, as somebody would add it: a folder of its own, and a line in a module. */
@Injectable()
class BadgeMethod extends SignInMethod {
  readonly id = 'badge';
  readonly badges = new Map<string, string>();

  offer(): MethodOffer {
    return { label: 'A badge', signIn: { method: 'POST', href: '/auth/badge' } };
  }
  heldBy(_tx: Transaction, { id }: UserEntity): Promise<OwnMethod | undefined> {
    const held = [...this.badges.values()].includes(id);
    return Promise.resolve(held ? { addedAt: new Date(0), removable: true } : undefined);
  }
  remove(_tx: Transaction, userId: string): Promise<null[]> {
    for (const [badge, owner] of this.badges) if (owner === userId) this.badges.delete(badge);
    return Promise.resolve([null]);
  }
}

const NOBODY = '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071';

class BadgeDto {
  @ApiProperty({ example: 'b-1', maxLength: 100 })
  @IsString()
  readonly badge: string;
}

@ApiTags('Auth')
@Controller('auth/badge')
class BadgeController {
  constructor(
    private readonly method: BadgeMethod,
    private readonly gate: SignInGate,
  ) {}

  @Post()
  @HttpCode(200)
  @Allow('ANONYMOUS')
  @ApiOperation({ operationId: 'signInByBadge', summary: 'Sign in by a badge' })
  @ApiOkResponse({ type: SignedInResponse })
  @ApiProblems('invalid-credentials')
  async signIn(@Body() { badge }: BadgeDto, @Context() context: RequestContext): Promise<SignedInResponse> {
    const attempt = await this.gate.enter({ method: this.method.id, amr: ['hwk'], context });
    return this.gate.admit(attempt, this.method.badges.get(badge) ?? NOBODY);
  }
}

const asked: RegistrationRequest[] = [];

@Injectable()
class NobodyFromElsewhere {
  @BeforeRegistration()
  refuse(request: RegistrationRequest): void {
    asked.push(request);
    if (request.email.endsWith('@elsewhere.example')) throw new Error('Only from here.');
  }
}

@Module({ imports: [SignInModule], controllers: [BadgeController], providers: [BadgeMethod, NobodyFromElsewhere] })
class BadgeModule {}

let roster: Roster;
let admin: string;
beforeAll(async () => {
  roster = await startRoster({ MAGIC_LINK_TTL: '15m' }, [BadgeModule]);
  admin = await roster.signIn();
});
afterAll(() => roster.stop());

const as = (token: string) => ({ authorization: `Bearer ${token}` });
const ask = (email: string) => roster.api.post('/auth/magic-link/request').send({ email });
const use = (token: string) => roster.api.post('/auth/magic-link').send({ token });
const forgetThrottle = () => roster.database.query('DELETE FROM address_throttle');

async function linkFor(email: string, count: number): Promise<string> {
  await forgetThrottle();
  await ask(email).expect(202);
  return tokenIn(await roster.inbox.waitFor(email, count));
}

async function quiet(): Promise<void> {
  for (let waiting = 1; waiting > 0; await new Promise((resolve) => setTimeout(resolve, 20))) {
    waiting = (await roster.database.query('SELECT 1 FROM graphile_worker._private_jobs')).length;
  }
}

describe('the ways to sign in', () => {
  it('are those of the providers that are one: a third one is offered, signs in and is listed by being there', async () => {
    const { body } = await roster.api.get('/auth/methods').expect(200);
    expect((body.items as { id: string }[]).map(({ id }) => id)).toEqual([
      'password',
      'magic-link',
      'passkey',
      'badge',
    ]);
    expect(body.items[0]).toEqual({
      id: 'password',
      label: 'Email address or username, and password',
      signIn: { method: 'POST', href: '/auth/login' },
      register: { method: 'POST', href: '/auth/register' },
    });
    const { id, token } = await roster.join('badge@example.com');
    await roster.api.post('/auth/badge').send({ badge: 'b-1' }).expect(401);
    roster.app.get(BadgeMethod, { strict: false }).badges.set('b-1', id);
    const signedIn = await roster.api.post('/auth/badge').send({ badge: 'b-1' }).expect(200);
    await roster.api
      .get('/users/me')
      .set(as(String(signedIn.body.accessToken)))
      .expect(200);
    const own = await roster.api.get(`/users/${id}/methods`).set(as(token)).expect(200);
    expect(own.body.items).toMatchObject([
      { id: 'password', removable: true, addedAt: expect.any(String) },
      { id: 'magic-link', removable: false, addedAt: null },
      { id: 'badge', removable: true },
    ]);
    // Through the same gate as everything.
    await roster.api.post(`/users/${id}/suspend`).set(as(admin)).send({}).expect(200);
    await roster.api.post('/auth/badge').send({ badge: 'b-1' }).expect(401);
  });

  it('are taken away but for the last one and what comes with the address, and a mail says so', async () => {
    const email = 'fewer@example.com';
    const { id, token } = await roster.join(email);
    const remove = (method: string, by = token) => roster.api.delete(`/users/${id}/methods/${method}`).set(as(by));
    await remove('magic-link').expect(409, /sign-in-method-stays/);
    await remove('badge').expect(404);
    await remove('password').set('if-match', '"1"').expect(412);
    await remove('password').expect(204);
    const notice = await roster.inbox.waitFor(email, 2);
    expect(notice.text).toContain('Email address or username, and password');
    await roster.api.post('/auth/login').send({ email, password: PASSWORD }).expect(401);
    await roster.api.get('/users/me').set(as(token)).expect(200);
    const left = await roster.api.get(`/users/${id}/methods`).set(as(token)).expect(200);
    expect(left.body.items).toMatchObject([{ id: 'magic-link', removable: false }]);
    await use(await linkFor(email, 3)).expect(200);

    const named = await roster.api
      .post('/users')
      .set(as(admin))
      .send({ username: 'no-address', password: PASSWORD })
      .expect(201);
    await roster.api
      .delete(`/users/${String(named.body.id)}/methods/password`)
      .set(as(admin))
      .expect(409, /only sign-in method/);
  });
});

describe('a link to sign in by', () => {
  it('signs in once of 16 at once, as a password would', async () => {
    const email = 'ada@example.com';
    const { id } = await roster.join(email);
    const token = await linkFor(email, 2);
    const state = await roster.api
      .get('/auth/magic-link')
      .query({ token })
      .set('accept', 'application/json')
      .expect(200);
    expect(state.body).toMatchObject({ valid: true });
    const answers = await Promise.all(Array.from({ length: 16 }, () => use(token)));
    const [good, ...more] = answers.filter(({ status }) => status === 200);
    expect(more).toEqual([]);
    expect(answers.filter(({ status }) => status === 410)).toHaveLength(15);
    expect(good!.headers['cache-control']).toBe('no-store');
    expect(good!.body).toMatchObject({ tokenType: 'Bearer', user: { id, email } });
    await roster.api
      .get('/users/me')
      .set(as(String(good!.body.accessToken)))
      .expect(200);
  });

  it('is asked for alike by everybody, before anything is looked up (ASVS V6.3.8)', async () => {
    await roster.join('known@example.com');
    const suspended = await roster.join('suspended@example.com');
    await roster.api.post(`/users/${suspended.id}/suspend`).set(as(admin)).send({}).expect(200);
    const answers = [];
    for (const name of ['known@example.com', 'new@example.com', 'suspended@example.com', 'x@elsewhere.example']) {
      answers.push(await ask(name).expect(202));
    }
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    await quiet();
    const mails = await roster.database.query<{ recipient: string }>(
      `SELECT recipient FROM mails WHERE template = 'magic-link' AND recipient ~ '^(known|new|suspended|x)@' ORDER BY 1`,
    );
    expect(mails.map(({ recipient }) => recipient)).toEqual(['known@example.com', 'new@example.com']);
  });

  it('registers an address that nobody owns, once its link is opened, and asks the handlers of registrations', async () => {
    const email = 'Fresh@example.com';
    await Promise.all(Array.from({ length: 5 }, () => ask(email).expect(202)));
    const token = tokenIn(await roster.inbox.waitFor(email));
    await quiet();
    expect(await roster.database.query("SELECT 1 FROM users WHERE email_key = 'fresh@example.com'")).toHaveLength(1);
    expect(asked).toContainEqual(expect.objectContaining({ email, username: null }));
    const again = await linkFor(email, 2);
    expect(await roster.database.query("SELECT 1 FROM users WHERE email_key = 'fresh@example.com'")).toHaveLength(1);
    expect(again).toBe(token);
    const { body } = await use(again).expect(200);
    expect(body.user).toMatchObject({ email, emailVerified: true, role: 'AUTHENTICATED', status: 'ACTIVE' });
    // A password can be chosen afterwards.
    await roster.api.post('/auth/request-password-reset').send({ email }).expect(202);
    const reset = tokenIn(await roster.inbox.waitFor(email, 3));
    await roster.api.post('/auth/reset-password').send({ token: reset, newPassword: PASSWORD }).expect(204);
    await roster.signIn(email, PASSWORD);
  });

  it('never activates a registration with a password that somebody else chose', async () => {
    const email = 'squatted@example.com';
    await roster.api.post('/auth/register').send({ email, password: PASSWORD, username: 'squatter' }).expect(202);
    await roster.inbox.waitFor(email);
    const { body } = await use(await linkFor(email, 2)).expect(200);
    expect(body.user).toMatchObject({ email, username: null });
    // It answers as before, and whoever made it learns nothing.
    await roster.api
      .post('/auth/login')
      .send({ email, password: PASSWORD })
      .expect(403, /email-not-verified/);
    await roster.api.post('/auth/login').send({ identifier: 'squatter', password: PASSWORD }).expect(403);
    const rows = await roster.database.query('SELECT pending FROM users WHERE email_key = $1 ORDER BY id', [email]);
    expect(rows).toEqual([{ pending: true }, { pending: false }]);
  });

  it('lets nobody in whom the gate keeps out, is no bearer token and good for no other purpose', async () => {
    const email = 'kept-out@example.com';
    const { id } = await roster.join(email);
    const token = await linkFor(email, 2);
    await roster.api.get('/users/me').set(as(token)).expect(401);
    await roster.api.post('/auth/reset-password').send({ token, newPassword: PASSWORD }).expect(410);
    await roster.api.post('/auth/verify-email').send({ token }).expect(410);
    // As when it happens while the link is being used: a suspension ends the link otherwise.
    await roster.database.query('UPDATE users SET suspended_at = now() WHERE id = $1', [id]);
    await use(token).expect(401, /invalid-credentials/);
  });

  it('ends a lock, makes the device one that is known, and leaves evidence of both', async () => {
    const email = 'locked@example.com';
    const { id } = await roster.join(email);
    const known = await use(await linkFor(email, 2)).expect(200);
    expect(known.headers['set-cookie']?.[0]).toMatch(/^roster-device=.*HttpOnly/);
    const { deviceToken } = known.body as { deviceToken: string };
    for (let tries = 0; tries < 5; tries++) {
      await roster.api.post('/auth/login').send({ email, password: 'not the right password' }).expect(401);
    }
    // Beside the links: of the new device, and of the lock.
    await roster.inbox.waitFor(email, 4);
    const token = await linkFor(email, 5);
    await roster.api.post('/auth/magic-link').send({ token, deviceToken }).expect(200);
    await use(token).expect(410);
    const events = await roster.database.query<{ type: string; reason: string | null }>(
      `SELECT type, reason FROM auth_events
       WHERE user_id = $1 AND (method = 'magic-link' OR type = 'account.unlocked') ORDER BY id`,
      [id],
    );
    expect(events).toEqual([
      { type: 'login.succeeded', reason: null },
      { type: 'account.unlocked', reason: 'sign-in-link' },
      { type: 'login.succeeded', reason: null },
    ]);
  });

  it('has a page that uses nothing: with a code to copy, or a button to the application’s own page', async () => {
    const email = 'page@example.com';
    await roster.join(email);
    const token = await linkFor(email, 2);
    const page = await roster.api.get('/auth/magic-link').query({ token }).expect(200);
    expect(page.headers).toMatchObject({ 'referrer-policy': 'no-referrer', 'cache-control': 'no-store' });
    expect(page.text).toContain(`<code class="whole">${token}</code>`);
    expect(page.text).not.toMatch(
      /<script(?! type="module" src="\/assets\/pages\.js"><\/script>)|style=|(?:src|href)="https?:/,
    );
    const other = await startRoster(
      { MAGIC_LINK_URL: 'https://app.example.com/welcome?from=mail' },
      [],
      roster.database,
    );
    try {
      const button = await other.api.get('/auth/magic-link').query({ token }).expect(200);
      expect(button.text.replaceAll('&#x3D;', '=')).toContain(
        `href="https://app.example.com/welcome?from=mail#token=${token}"`,
      );
      expect(button.text).not.toContain('<code');
    } finally {
      await other.app.close();
      await other.inbox.down();
    }
    await use(token).expect(200);
    const dead = await roster.api.get('/auth/magic-link').query({ token }).set('accept', 'text/html').expect(410);
    expect(dead.text).toContain('action="/auth/magic-link/request"');
  });
});
