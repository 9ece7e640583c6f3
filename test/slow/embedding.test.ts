import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type ArgumentsHost,
  Body,
  Catch,
  Controller,
  type ExceptionFilter,
  Get,
  Injectable,
  Logger,
  Module,
  Post,
  ValidationPipe,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD, NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply } from 'fastify';
import { pino } from 'pino';
import supertest from 'supertest';
import { Column, DataSource, Entity, PrimaryColumn } from 'typeorm';
import {
  Accounts,
  Allow,
  BeforeRegistration,
  type Caller,
  CurrentCaller,
  OnUserEvent,
  RosterModule,
  systemContext,
  type Transaction,
  type UserEvent,
  Users,
  verifyEmail,
} from '../../src/index.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { Inbox, tokenIn } from '../support/inbox.js';
import { ADMIN, PASSWORD } from '../support/roster.js';

@Entity('host_audit')
class HostAudit {
  @PrimaryColumn('uuid') id: string;
  @Column('text') type: string;
}

@Injectable()
class Policy {
  @BeforeRegistration()
  refuse({ email }: { email: string }): void {
    if (!email.endsWith('@acme.example')) throw new Error('Only people of Acme may register.');
  }

  @OnUserEvent()
  async audit({ id, type }: UserEvent, tx: Transaction): Promise<void> {
    await tx.getRepository(HostAudit).insert({ id, type });
  }
}

class Order {
  constructor(readonly item: string) {}
}

@Controller()
class HostController {
  constructor(
    private readonly users: Users,
    private readonly accounts: Accounts,
  ) {}

  @Get('open')
  open(): object {
    return { host: true };
  }

  @Post('orders')
  order(@Body() order: Order): object {
    return order;
  }

  @Get('broken')
  broken(): never {
    throw new Error('host');
  }

  @Get('health/live')
  health(): string {
    return 'the health of the host';
  }

  @Get('mine')
  @Allow('AUTHENTICATED')
  mine(@CurrentCaller() { role }: Caller): object {
    return { role };
  }

  @Get('staff')
  @Allow('MANAGER')
  staff(): string {
    return 'staff only';
  }

  @Post('members')
  @Allow('ANONYMOUS')
  async add(@Body() { email, fail }: { email: string; fail?: boolean }): Promise<object> {
    const password = await this.accounts.accept(PASSWORD, { email });
    return this.users.transaction(async (tx) => {
      const context = systemContext('host');
      const { id } = await this.users.create(tx, { email, role: 'AUTHENTICATED', how: 'admin' }, context);
      await this.users.change(tx, id, verifyEmail, context);
      await this.accounts.setFirst(tx, id, password);
      if (fail) throw new Error('on second thoughts');
      return { id };
    });
  }
}

let guarded = 0;
@Injectable()
class HostGuard {
  canActivate(): boolean {
    guarded++;
    return true;
  }
}

@Catch()
class HostFilter implements ExceptionFilter {
  catch(_error: unknown, host: ArgumentsHost): void {
    void host.switchToHttp().getResponse<FastifyReply>().code(418).send({ host: 'filter' });
  }
}

/** Of the same name and token as a class of Roster's would be injected by. */
const hostData = { provide: DataSource, useValue: 'the data source of the host' };

let app: NestFastifyApplication;
let api: ReturnType<typeof supertest>;
let database: TestDatabase;
let inbox: Inbox;
const hostLog: string[] = [];
const rosterLog: string[] = [];
beforeAll(async () => {
  database = await createTestDatabase('template0');
  await database.query('CREATE TABLE host_audit (id uuid PRIMARY KEY, type text NOT NULL)');
  inbox = await Inbox.start();
  const settings = {
    NODE_ENV: 'test',
    DATABASE_URL: database.url,
    SMTP_URL: inbox.url,
    SECRET_KEY: 'k3yZ'.repeat(12),
    ADMIN_EMAIL: ADMIN.email,
    ADMIN_PASSWORD: ADMIN.password,
    BCRYPT_COST: 4,
  };
  const log = pino({}, { write: (line: string) => void rosterLog.push(line) });
  @Module({
    imports: [RosterModule.forRoot({ settings, entities: [HostAudit], log })],
    controllers: [HostController],
    providers: [
      Policy,
      { provide: 'policy', useExisting: Policy },
      { provide: APP_GUARD, useClass: HostGuard },
      { provide: APP_FILTER, useClass: HostFilter },
      hostData,
    ],
  })
  class HostModule {}
  const write = (message: unknown): void => void hostLog.push(String(message));
  app = await NestFactory.create<NestFastifyApplication>(HostModule, new FastifyAdapter(), {
    logger: { log: write, warn: write, error: write },
    abortOnError: false,
  });
  app.useGlobalPipes(new ValidationPipe({ transform: true }));
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onRequest', (_request, reply, done) => {
      void reply.header('set-cookie', ['affinity=a', 'lang=en']);
      done();
    });
  app.enableCors({ origin: 'https://acme.example' });
  await app.listen(0, '127.0.0.1');
  api = supertest(app.getHttpServer());
});
// The last test closes the application.
afterAll(async () => {
  await inbox.down();
  await database.drop();
});

const register = (email: string) => api.post('/auth/register').send({ email, password: PASSWORD });
const login = async (identifier: string, password: string) => {
  const { body } = await api.post('/auth/login').send({ identifier, password }).expect(200);
  return { authorization: `Bearer ${(body as { accessToken: string }).accessToken}` };
};
const audited = async () =>
  (await database.query<{ type: string }>('SELECT type FROM host_audit')).map(({ type }) => type);

describe('Roster in another application', () => {
  it('migrates, makes the first admin, and tells the host’s handlers of it', async () => {
    expect(await audited()).toEqual(['user.created', 'user.email_verified']);
  });

  it('is whole: registration, mail, link, sign-in, problems, trace ids, document', async () => {
    await register('ada@acme.example').set('x-request-id', 'trace-1').expect(202).expect('x-trace-id', 'trace-1');
    const token = tokenIn(await inbox.waitFor('ada@acme.example'));
    await api
      .get(`/auth/verify-email?token=${token}`)
      .set('accept', 'text/html')
      .expect(200, /<button/);
    await api.post('/auth/verify-email').type('form').send({ token }).expect(200);
    const ada = await login('ada@acme.example', PASSWORD);
    await api
      .get('/users/me')
      .set(ada)
      .expect(200, /ada@acme\.example/);
    await api
      .get('/users')
      .set(ada)
      .expect(403)
      .expect('content-type', /problem\+json/);
    await api
      .post('/auth/login')
      .send('{"a":1,"a":2}')
      .type('json')
      .expect(400, /malformed-body/);
    await api.get('/docs-json').expect(200, /auth\/register/);
    await api.get('/users/me').set('origin', 'https://acme.example').expect('access-control-allow-origin', /acme/);
    expect(guarded).toBe(0);
  });

  it('asks the host’s handlers, and writes the host’s rows in its own transaction or not at all', async () => {
    const before = (await audited()).length;
    const { body } = await register('eve@elsewhere.example').expect(409);
    expect(body).toMatchObject({ code: 'refused-by-handler', detail: 'Only people of Acme may register.' });
    expect(await audited()).toHaveLength(before);
    await register('grace@acme.example').expect(202);
    expect((await audited()).slice(before).sort()).toEqual(['user.created', 'user.verification_token.created']);
  });

  it('gives the host its users, in transactions that commit all or nothing, and checks passwords', async () => {
    const before = await audited();
    await api.post('/members').send({ email: 'gone@acme.example', fail: true }).expect(418);
    expect(await audited()).toEqual(before);
    const { id } = (await api.post('/members').send({ email: 'kay@acme.example' }).expect(201)).body as { id: string };
    const accounts = app.get(Accounts);
    expect(await accounts.verifyPassword('kay@acme.example', PASSWORD)).toBe(id);
    expect(await accounts.verifyPassword('kay@acme.example', 'wrong')).toBeUndefined();
    expect(await accounts.verifyPassword('gone@acme.example', PASSWORD)).toBeUndefined();
    const again = await api.post('/members').send({ email: 'kay@acme.example' }).expect(409);
    expect(again.body).toMatchObject({ code: 'email-taken' });
  });
});

describe('the host', () => {
  it('keeps the cookies of the host beside those of Roster', async () => {
    const read = await api.get('/auth/methods').expect(200);
    expect(read.headers['set-cookie']).toEqual(['affinity=a', 'lang=en']);
    const input = { identifier: ADMIN.email, password: ADMIN.password, session: 'cookie' };
    const signedIn = await api.post('/auth/login').send(input).expect(200);
    const names = (signedIn.headers['set-cookie'] as unknown as string[]).map((cookie) => cookie.split('=', 1)[0]);
    expect(names.toSorted()).toEqual(['affinity', 'lang', 'roster-device', 'roster-session']);
  });

  it('keeps its own guard, filter, pipes, routes, providers and logger', async () => {
    guarded = 0;
    await api.get('/open').expect(200, { host: true });
    await api.post('/orders').send({ item: 'tea', more: 1 }).expect(201, { item: 'tea', more: 1 });
    await api.get('/broken').expect(418, { host: 'filter' });
    await api.get('/nowhere').expect(418);
    await api.get('/').expect(418);
    await api.get('/health/live').expect(200, 'the health of the host');
    expect(guarded).toBe(4);
    expect(hostLog).toContain("GET /health/live stays the application's own");
    expect(app.get(DataSource)).toBe('the data source of the host');
    new Logger('Host').log('still here');
    expect(hostLog.at(-1)).toBe('still here');
    expect(rosterLog.join()).not.toContain('still here');
  });

  it('that enables no CORS itself has the preflights of Roster’s routes answered by Roster, and no others', async () => {
    const settings = {
      NODE_ENV: 'test',
      DATABASE_URL: database.url,
      SMTP_URL: inbox.url,
      SECRET_KEY: 'k3yZ'.repeat(12),
      CORS_ORIGINS: 'https://app.example.com',
    };
    @Module({
      imports: [RosterModule.forRoot({ settings, log: pino({ enabled: false }) })],
      controllers: [HostController],
    })
    class OpenModule {}
    const open = await NestFactory.create<NestFastifyApplication>(OpenModule, new FastifyAdapter(), { logger: false });
    try {
      await open.listen(0, '127.0.0.1');
      const asked = { origin: 'https://app.example.com', 'access-control-request-method': 'PATCH' };
      const { headers } = await supertest(await open.getUrl())
        .options('/users/me')
        .set(asked)
        .expect(204);
      expect(headers).toMatchObject({ 'access-control-allow-origin': asked.origin });
      expect(headers['access-control-allow-methods']).toContain('PATCH');
      const own = await supertest(await open.getUrl())
        .options('/open')
        .set(asked);
      expect(own.headers).not.toHaveProperty('access-control-allow-origin');
    } finally {
      await open.close();
    }
  });

  it('protects routes of its own with the roles of Roster', async () => {
    await api
      .get('/mine')
      .expect(401, /not-authenticated/)
      .expect('www-authenticate', 'Bearer');
    const kay = await login('kay@acme.example', PASSWORD);
    await api.get('/mine').set(kay).expect(200, { role: 'AUTHENTICATED' });
    await api
      .get('/staff')
      .set(kay)
      .expect(403, /forbidden/);
    await api
      .get('/staff')
      .set(await login(ADMIN.email, ADMIN.password))
      .expect(200, 'staff only');
  });

  it('is told of every wrong setting in one message', async () => {
    @Module({ imports: [RosterModule.forRoot({ settings: { BCRYPT_COST: 'x', SECRET_KEY: 'short' } })] })
    class WrongModule {}
    const start = NestFactory.create(WrongModule, new FastifyAdapter(), { logger: false, abortOnError: false });
    await expect(start).rejects.toThrow(/2 settings are wrong[^]*SECRET_KEY[^]*BCRYPT_COST/);
  });

  it('ends without waiting for the readers of streams', async () => {
    const admin = await login(ADMIN.email, ADMIN.password);
    const stream = await fetch(`${await app.getUrl()}/events`, { headers: { ...admin, accept: 'text/event-stream' } });
    const reader = stream.body!.getReader();
    const first = (await reader.read()) as { value: Uint8Array };
    expect(new TextDecoder().decode(first.value)).toContain('retry:');
    await app.close();
    while (!(await reader.read()).done);
  });
});
