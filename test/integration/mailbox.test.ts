import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTransport, type SendMailOptions } from 'nodemailer';
import type { Mail } from '../../src/development/mailbox/mail.js';
import { startMailbox, type Mailbox } from '../../src/development/mailbox/mailbox.js';

let dataDir: string;
let mailbox: Mailbox;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'roster-mailbox-'));
  mailbox = await startMailbox({ dataDir, webPort: 0 });
});

afterEach(async () => {
  await mailbox.stop();
  await rm(dataDir, { recursive: true, force: true });
});

async function deliver(mail: SendMailOptions): Promise<unknown> {
  const transport = createTransport(mailbox.smtpUrl);
  return transport.sendMail({ from: 'Roster <no-reply@roster.test>', to: 'ada@example.com', ...mail });
}

async function mails(query = ''): Promise<Mail[]> {
  return (await (await fetch(`${mailbox.webUrl}/api/mails${query}`)).json()) as Mail[];
}

async function newest(): Promise<Mail> {
  const [mail] = await mails();
  if (!mail) throw new Error('the mailbox is empty');
  return mail;
}

async function page(path: string): Promise<string> {
  return (await fetch(mailbox.webUrl + path)).text();
}

/** `fetch` does not let a caller choose Host or Origin. */
function status(method: string, path: string, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(mailbox.webUrl + path, { method, headers, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .once('error', reject)
      .end();
  });
}

describe('the development mailbox', () => {
  it('lists a mail with its text, HTML and headers once SMTP has said yes', async () => {
    await deliver({
      subject: 'Grüße, Ada ✓',
      text: 'Confirm: https://roster.test/verify?token=abc.',
      html: '<p>Confirm <b>now</b></p>',
      messageId: '<1@roster.test>',
      headers: { 'X-Template': 'verify-email' },
    });

    const mail = await newest();
    expect(mail).toMatchObject({
      from: 'Roster <no-reply@roster.test>',
      returnPath: 'no-reply@roster.test',
      to: ['ada@example.com'],
      subject: 'Grüße, Ada ✓',
      html: '<p>Confirm <b>now</b></p>\n',
      messageId: '<1@roster.test>',
      headers: { 'x-template': 'verify-email' },
    });
    expect(mail.text).toContain('token=abc.');
    expect(Date.now() - Date.parse(mail.date)).toBeLessThan(10_000);
    expect(await (await fetch(`${mailbox.webUrl}/api/mails/${mail.id}`)).json()).toEqual(mail);
    expect(await page(`/api/mails/${mail.id}/source`)).toContain('X-Template: verify-email\r\n');
    expect(await page(`/mails/${mail.id}?view=text`)).toContain(
      '<a href="https://roster.test/verify?token=abc" target="_blank" rel="noopener noreferrer">',
    );
  });

  it('lists the newest mail first and finds mails by recipient whatever the letter case', async () => {
    for (const to of ['ada@example.com', 'Grace@Example.com', 'ada@example.com']) {
      await deliver({ to, subject: `for ${to}`, text: 'hello' });
    }
    await deliver({ to: 'ada@example.com', subject: 'last', text: 'hello' });

    expect((await mails()).map(({ subject }) => subject)).toEqual([
      'last',
      'for ada@example.com',
      'for Grace@Example.com',
      'for ada@example.com',
    ]);
    expect((await mails('?to=GRACE@example.com')).map(({ subject }) => subject)).toEqual(['for Grace@Example.com']);
    expect(await mails('?to=nobody@example.com')).toEqual([]);
  });

  it('names every recipient of the envelope, also one that no header names', async () => {
    await deliver({ to: 'ada@example.com', bcc: 'grace@example.com', subject: 'Two', text: 'hello' });

    expect((await newest()).to).toEqual(['ada@example.com', 'grace@example.com']);
    expect(await mails('?to=grace@example.com')).toHaveLength(1);
  });

  it('takes the null sender and mails without any header', async () => {
    await deliver({ envelope: { from: '', to: 'ada@example.com' }, raw: 'nothing but words' });

    expect(await newest()).toMatchObject({ from: '', returnPath: '', subject: '', to: ['ada@example.com'] });
    expect(await page('/')).toContain('(no subject)');
  });

  it('keeps mails over a restart, and forgets what an interrupted write left behind', async () => {
    await deliver({ subject: 'Before', text: 'still here' });
    const before = await newest();
    await mailbox.stop();
    const folder = join(dataDir, 'mailbox');
    await writeFile(join(folder, '1700000000000-00000000.eml'), 'Subject: never acknowledged\r\n\r\n');
    await writeFile(join(folder, '1700000000001-00000000.json.tmp'), '{');

    mailbox = await startMailbox({ dataDir, webPort: 0 });
    await deliver({ subject: 'After', text: 'new' });

    const after = await mails();
    expect(after.map(({ subject }) => subject)).toEqual(['After', 'Before']);
    expect(after[1]).toEqual(before);
    expect((await readdir(folder)).sort()).toEqual(after.flatMap(({ id }) => [`${id}.eml`, `${id}.json`]).sort());
  });

  it('starts although one of its files is damaged', async () => {
    await deliver({ subject: 'Damaged', text: 'x' });
    const { id } = await newest();
    await deliver({ subject: 'Whole', text: 'x' });
    await mailbox.stop();
    await writeFile(join(dataDir, 'mailbox', `${id}.json`), 'null');

    mailbox = await startMailbox({ dataDir, webPort: 0 });

    expect((await mails()).map(({ subject }) => subject)).toEqual(['Whole']);
  });

  it('keeps the newest 500 mails', async () => {
    await mailbox.stop();
    const folder = join(dataDir, 'mailbox');
    for (let number = 0; number < 503; number++) {
      const id = `${1_700_000_000_000 + number}-00000000`;
      const summary = { returnPath: '', to: ['ada@example.com'], from: '', subject: `${number}`, date: '2026-01-01' };
      await writeFile(join(folder, `${id}.eml`), `Subject: ${number}\r\n\r\n`);
      await writeFile(join(folder, `${id}.json`), JSON.stringify(summary));
    }

    mailbox = await startMailbox({ dataDir, webPort: 0 });
    await deliver({ subject: 'newest', text: 'x' });

    const kept = await mails();
    expect(kept).toHaveLength(500);
    expect(kept[0]?.subject).toBe('newest');
    expect(kept[499]?.subject).toBe('4');
    expect(await readdir(folder)).toHaveLength(1000);
  });

  it('refuses a mail of more than 10 MB', async () => {
    await expect(deliver({ subject: 'Huge', text: 'x'.repeat(11 * 1024 * 1024) })).rejects.toMatchObject({
      responseCode: 552,
    });
    expect(await mails()).toEqual([]);
  });

  it('deletes every mail when told to, on disk too', async () => {
    await deliver({ subject: 'Gone', text: 'x' });
    const { id } = await newest();

    const answer = await fetch(`${mailbox.webUrl}/api/mails`, { method: 'DELETE' });

    expect(answer.status).toBe(204);
    expect(await mails()).toEqual([]);
    expect(await readdir(join(dataDir, 'mailbox'))).toEqual([]);
    expect((await fetch(`${mailbox.webUrl}/mails/${id}`)).status).toBe(404);
  });

  it('says what to do while there is no mail', async () => {
    const html = await page('/');

    expect(html).toContain('<title>Mailbox · Roster</title>');
    expect(html).toContain('No mail yet');
    expect(html).toContain('/auth/register');
  });
});

describe('a search', () => {
  it('finds mails by a part of sender, recipient or subject, letter case aside, and stays while one is read', async () => {
    await deliver({ subject: 'Confirm your address', text: 'one', to: 'ada@example.com' });
    await deliver({ subject: 'Welcome', text: 'two', to: 'grace@example.com' });
    const rows = (html: string) => [...html.matchAll(/class="row" href="([^"]+)"/g)].map(([, href]) => href);

    expect(rows(await page('/'))).toHaveLength(2);
    expect(rows(await page('/?q=CONFIRM'))).toHaveLength(1);
    expect(rows(await page('/?q=grace%40'))).toHaveLength(1);
    expect(rows(await page('/?q=roster'))).toHaveLength(2);
    const html = await page('/?q=confirm+your');
    expect(html).toContain('1 of 2 mails');
    expect(rows(html)[0]).toMatch(/\?q=confirm\+your$/);
    expect(await page(rows(html)[0]!)).toContain('1 of 2 mails');
    const nothing = await page('/?q=<b>nobody');
    expect(nothing).toContain('No mail matches');
    expect(nothing).toContain('value="&lt;b&gt;nobody"');
  });
});

describe('a hostile mail', () => {
  const attack = `"><script>alert(1)</script><img src=x onerror=alert(1)>`;

  it('has its subject, names, text and source escaped wherever they are shown', async () => {
    await deliver({ from: { name: attack, address: 'eve@example.com' }, subject: attack, text: attack });
    const { id, subject } = await newest();

    expect(subject).toBe(attack);
    for (const path of ['/', `/mails/${id}`, `/mails/${id}?view=text`, `/mails/${id}?view=source`]) {
      const html = await page(path);
      expect(html).not.toContain('<script>alert');
      expect(html).not.toContain('<img src=x');
      expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    }
  });

  it('shows its HTML in a sandboxed frame of its own, where nothing runs and nothing but pictures loads', async () => {
    await deliver({ subject: 'Hello', html: `<!doctype html><base target="_top">${attack}` });
    const { id } = await newest();

    const html = await page(`/mails/${id}`);
    expect(html).toContain(`src="/mails/${id}/html"`);
    expect(html).toContain('sandbox="allow-popups allow-popups-to-escape-sandbox"');
    expect(html).not.toContain('alert(1)');

    const frame = await fetch(`${mailbox.webUrl}/mails/${id}/html`);
    const policy = frame.headers.get('content-security-policy');
    expect(policy).toContain("default-src 'none'; img-src http: https: data:;");
    expect(policy).toContain('sandbox allow-popups allow-popups-to-escape-sandbox');
    expect(policy).not.toMatch(/script-src|allow-scripts|allow-same-origin|allow-top-navigation|allow-forms/);
    expect(frame.headers.get('referrer-policy')).toBe('no-referrer');
    expect(await frame.text()).toMatch(/^<!doctype html><base target="_blank">/);
  });

  it('meets a page whose policy allows no inline script or style', async () => {
    await deliver({ subject: 'Hello', text: 'x' });
    const answer = await fetch(`${mailbox.webUrl}/`);

    expect(answer.headers.get('content-security-policy')).toMatch(/^default-src 'self'; (?!.*unsafe)/);
    expect(await answer.text()).not.toMatch(/<style|<script>| style=| on\w+=/);
  });

  it('has a source that a browser takes for nothing but text', async () => {
    await deliver({ subject: 'Hello', text: attack });
    const answer = await fetch(`${mailbox.webUrl}/api/mails/${(await newest()).id}/source`);

    expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('is kept with its source when it is too deeply nested to be read', async () => {
    const nested = Array.from(
      { length: 300 },
      (_, depth) => `Content-Type: multipart/mixed; boundary=b${depth}\r\n\r\n--b${depth}\r\n`,
    ).join('');
    await deliver({ envelope: { from: 'eve@example.com', to: 'ada@example.com' }, raw: nested });

    const { id, subject } = await newest();
    expect(subject).toBe('(unreadable mail)');
    expect(await page(`/api/mails/${id}/source`)).toContain('boundary=b299');
  });
});

describe('the web side of the mailbox', () => {
  it.each(['mailbox.attacker.example', 'localhost.attacker.example', '127.0.0.1.nip.io:8025', 'roster@localhost'])(
    'refuses the Host "%s", on every route',
    async (host) => {
      for (const path of ['/', '/api/mails', '/api/stream', '/assets/page.js']) {
        expect(await status('GET', path, { host })).toBe(403);
      }
    },
  );

  it.each(['localhost', 'LOCALHOST:8025', '127.0.0.1:8025', '[::1]:8025'])('answers to the Host "%s"', async (host) => {
    expect(await status('GET', '/api/mails', { host })).toBe(200);
  });

  it('lets no other web page delete mails', async () => {
    await deliver({ subject: 'Kept', text: 'x' });
    for (const origin of ['https://attacker.example', 'null', 'http://localhost:1']) {
      expect(await status('DELETE', '/api/mails', { origin })).toBe(403);
      expect(await status('POST', '/mails/delete', { origin })).toBe(403);
    }
    expect(await mails()).toHaveLength(1);
    expect(await status('POST', '/mails/delete', { origin: mailbox.webUrl })).toBe(303);
    expect(await mails()).toHaveLength(0);
  });

  it('knows no mail by a path', async () => {
    for (const path of ['/mails/..%2f..%2fetc%2fpasswd', '/api/mails/1-a/source', '/mails/constructor', '//']) {
      expect((await fetch(mailbox.webUrl + path)).status).toBeGreaterThanOrEqual(400);
    }
  });

  it('tells an open page that a mail has arrived', async () => {
    const stream = await fetch(`${mailbox.webUrl}/api/stream`);
    await deliver({ subject: 'News', text: 'x' });

    let told = '';
    for await (const chunk of stream.body ?? []) {
      told += Buffer.from(chunk as Uint8Array).toString();
      if (told.includes('event: mail')) break;
    }
    expect(told).toMatch(/event: mail\ndata: \{"id":"[\w-]+","subject":"News","to":\["ada@example.com"\]\}\n\n/);
  });

  it('stops within a second although a page, a connection and a sender are still there, and may be stopped again', async () => {
    const stream = await fetch(`${mailbox.webUrl}/api/stream`);
    const sender = connect(Number(new URL(mailbox.smtpUrl).port), '127.0.0.1');
    sender.on('error', () => undefined);
    await new Promise((resolve) => sender.once('data', resolve));
    await mails();

    const start = performance.now();
    await Promise.all([mailbox.stop(), mailbox.stop()]);
    await mailbox.stop();

    expect(performance.now() - start).toBeLessThan(1000);
    await expect(stream.text()).rejects.toThrow();
    await expect(fetch(mailbox.webUrl)).rejects.toThrow();
  });
});
