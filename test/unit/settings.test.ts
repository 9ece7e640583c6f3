import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { loadSettings, SETTINGS, SettingsError } from '../../src/config/settings.js';
import { LINK_NAMES, linkWarnings, ownPages, withToken } from '../../src/config/link-urls.js';
import * as network from '../../src/config/network-settings.js';
import { productionWarnings } from '../../src/config/production.js';
import * as parse from '../../src/config/parsers.js';

type Environment = Record<string, string | undefined>;

function problemsOf(environment: Environment): string[] {
  try {
    loadSettings(environment);
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(SettingsError);
    for (const problem of (error as SettingsError).problems) expect((error as Error).message).toContain(problem);
    return (error as SettingsError).problems;
  }
}

const namesOf = (environment: Environment) => problemsOf(environment).map((problem) => problem.split(':', 1)[0]);

/** Settings that any text is right for. */
const FREE = [
  ...['HOST', 'DATA_DIR', 'ADMIN_PASSWORD', 'PRODUCT_NAME', 'TEMPLATES_DIR'],
  ...['KAFKA_BROKERS', 'KAFKA_TOPIC', 'KAFKA_SASL_USERNAME', 'KAFKA_SASL_PASSWORD'],
  ...['KAFKA_TLS_CA', 'KAFKA_TLS_CERT', 'KAFKA_TLS_KEY', 'AMQP_EXCHANGE', 'OTEL_SERVICE_NAME'],
];
const ALL = Object.keys(SETTINGS);

/** What production asks for. */
const GOOD = {
  NODE_ENV: 'production',
  DATABASE_URL: 'postgres://roster:x@db/roster',
  SECRET_KEY: 'q8Zt0vJmXw2LkR7sYb4NcHd1PfGa6UeT9iOh3xKr5VzW',
  SMTP_URL: 'smtps://u:p@smtp.example.com',
  MAIL_FROM: 'Roster <no-reply@accounts.example.com>',
  PUBLIC_URL: 'https://accounts.example.com',
  ADMIN_EMAIL: 'ops@example.com',
};

describe('settings', () => {
  it('need nothing: every default is right', () => {
    expect(loadSettings({})).toMatchObject({
      NODE_ENV: 'development',
      PORT: 3000,
      HOST: '127.0.0.1',
      ACCESS_TOKEN_TTL: 15 * 60_000,
      VERIFICATION_TOKEN_TTL: 86_400_000,
      INVITATION_TOKEN_TTL: 604_800_000,
      BCRYPT_COST: 12,
      PASSWORD_MIN_LENGTH: 12,
      HIBP_ENABLED: false,
      RATE_LIMIT_ENABLED: true,
    });
    expect(loadSettings({}).DATABASE_URL).toBeUndefined();
  });

  it('name every wrong one in one message', () => {
    const wrong = Object.fromEntries(ALL.map((name) => [name, 'wrong!']));
    expect(namesOf(wrong)).toEqual(ALL.filter((name) => !FREE.includes(name)));
    expect(() => loadSettings(wrong)).toThrow(/settings are wrong[^]*\.env\.example/);
  });

  it('name the half that is missing of two that belong together', () => {
    expect(problemsOf({ KAFKA_SASL_USERNAME: 'roster' })).toEqual([
      'KAFKA_SASL_PASSWORD: required because KAFKA_SASL_USERNAME is set',
    ]);
    expect(namesOf({ KAFKA_TLS_KEY: 'key.pem' })).toEqual(['KAFKA_TLS_CERT']);
    expect(namesOf({ KAFKA_TLS_KEY: 'key.pem', KAFKA_TLS_CERT: 'cert.pem' })).toEqual([]);
  });

  it('say in the singular when one is wrong, and never repeat a value, which may be a secret', () => {
    expect(() => loadSettings({ SECRET_KEY: 'hunter2' })).toThrow(/a setting is wrong/);
    const secret = Object.fromEntries(ALL.map((name) => [name, 'hunter2 ']));
    expect(problemsOf(secret).join()).not.toContain('hunter2');
  });

  it('are not set when empty or blank, whichever it is', () => {
    for (const blank of ['', ' ', '\t \n']) {
      expect(loadSettings(Object.fromEntries(ALL.map((name) => [name, blank])))).toEqual(loadSettings({}));
    }
  });

  it('are read without the blanks around them, and unknown variables are nobody’s business', () => {
    expect(loadSettings({ PORT: ' 8080 ', PATH: '/bin', port: '1' })).toMatchObject({ PORT: 8080 });
    expect(loadSettings({ PATH: '/bin' })).not.toHaveProperty('PATH');
  });

  it('make PUBLIC_URL follow PORT, unless it is given', () => {
    expect(loadSettings({ PORT: '8080' }).PUBLIC_URL).toBe('http://localhost:8080');
    expect(loadSettings({ PORT: '8080', PUBLIC_URL: ' ' }).PUBLIC_URL).toBe('http://localhost:8080');
    expect(loadSettings({ PORT: '8080', PUBLIC_URL: 'https://a.example/' }).PUBLIC_URL).toBe('https://a.example');
    expect(loadSettings({}).PUBLIC_URL).toBe(SETTINGS.PUBLIC_URL.default);
  });
});

describe('production (ASVS 5.0 V13.3)', () => {
  it('starts with everything that it needs', () => {
    expect(problemsOf(GOOD)).toEqual([]);
  });

  it.each(Object.keys(GOOD).slice(1))('does not start without %s, missing or empty', (name) => {
    expect(namesOf({ ...GOOD, [name]: undefined })).toEqual([name]);
    expect(namesOf({ ...GOOD, [name]: ' ' })).toEqual([name]);
  });

  it('names all that is missing at once', () => {
    expect(namesOf({ NODE_ENV: 'production' }).sort()).toEqual(Object.keys(GOOD).slice(1).sort());
  });

  it('names what is wrong once, not as missing too', () => {
    expect(namesOf({ ...GOOD, DATABASE_URL: 'mysql://x', BCRYPT_COST: 'x' })).toEqual(['DATABASE_URL', 'BCRYPT_COST']);
  });

  it.each([
    ...['change-me-change-me-change-me-change-me', 'CHANGEME'.repeat(5), 'please_change_me_'.repeat(3)],
    ...['my-secret-key-my-secret-key-my-secret-key', 'placeholder'.repeat(4), 'x'.repeat(48), 'password'.repeat(5)],
    'this-is-an-example-of-a-long-enough-key',
  ])('refuses the placeholder secret %s', (SECRET_KEY) => {
    expect(problemsOf({ ...GOOD, SECRET_KEY })).toEqual([expect.stringMatching(/^SECRET_KEY: is a placeholder/)]);
  });

  it('takes any random secret', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }).filter((bytes) => new Set(bytes).size > 20),
        (bytes) => {
          expect(problemsOf({ ...GOOD, SECRET_KEY: Buffer.from(bytes).toString('base64') })).toEqual([]);
        },
      ),
    );
  });

  it('refuses a bcrypt cost under 10 (OWASP Password Storage Cheat Sheet), which development takes', () => {
    expect(namesOf({ ...GOOD, BCRYPT_COST: '9' })).toEqual(['BCRYPT_COST']);
    expect(namesOf({ ...GOOD, BCRYPT_COST: '10' })).toEqual([]);
    expect(namesOf({ BCRYPT_COST: '4' })).toEqual([]);
  });
});

describe('LINK_URLS', () => {
  const APP = 'https://app.example.com';

  it('has a page for each link, in any number of lines, and gives the token in the fragment', () => {
    const { LINK_URLS } = loadSettings({ LINK_URLS: `verify-email=${APP}/verify?from=mail\n  unlock=${APP}/unlock ` });
    expect(LINK_URLS).toEqual({ 'verify-email': `${APP}/verify?from=mail`, unlock: `${APP}/unlock` });
    expect(withToken(LINK_URLS!['verify-email']!, 'a.b-c')).toBe(`${APP}/verify?from=mail#token=a.b-c`);
  });

  it('names every wrong entry at once', () => {
    const wrong = `verify=${APP} invitation unlock=ftp://a.example unlock=${APP}/#/unlock sign-in=${APP} sign-in=${APP} magic-link=https://u:p@a.example =x`;
    const [problem, ...more] = problemsOf({ LINK_URLS: wrong });
    expect(more).toEqual([]);
    expect(problem!.replace(/expected one of [^;]*/g, '...').split('; ')).toEqual([
      'LINK_URLS: entry 1: there is no such link',
      '...',
      'entry 2: expected <link>=<URL>',
      'unlock: expected a URL that starts with https:// or http://',
      'unlock: expected a URL without a fragment: #token= is added',
      'sign-in is given twice',
      'magic-link: expected a URL without user and password',
      'entry 8: there is no such link',
      '...',
    ]);
  });

  it('needs https in production, by the name of the link, and says nothing twice that MAGIC_LINK_URL says', () => {
    const plain = { ...GOOD, LINK_URLS: 'unlock=http://app.example.com/unlock sign-in=http://app.example.com' };
    expect(problemsOf(plain).map((problem) => problem.split(':', 2).join(':'))).toEqual([
      'LINK_URLS: unlock',
      'LINK_URLS: sign-in',
    ]);
    expect(problemsOf({ ...plain, NODE_ENV: 'development' })).toEqual([]);
    expect(namesOf({ LINK_URLS: `magic-link=${APP}`, MAGIC_LINK_URL: APP })).toEqual(['MAGIC_LINK_URL']);
    expect(ownPages(loadSettings({ LINK_URLS: `unlock=${APP}/u`, MAGIC_LINK_URL: `${APP}/in` }))).toEqual({
      'magic-link': `${APP}/in`,
      unlock: `${APP}/u`,
    });
  });

  it('is asked for, by a warning, where hosted pages are switched off', () => {
    const all = LINK_NAMES.map((name) => `${name}=${APP}/${name}`);
    expect(linkWarnings(loadSettings({}))).toEqual([]);
    expect(linkWarnings(loadSettings({ HOSTED_PAGES: 'false', LINK_URLS: all.join(' ') }))).toEqual([]);
    expect(linkWarnings(loadSettings({ HOSTED_PAGES: 'false', LINK_URLS: all.slice(2).join(' ') }))).toEqual([
      expect.stringMatching(/no page for verify-email, invitation:/),
    ]);
  });
});

describe('a plain http URL in production (ASVS 5.0 V12.2.1)', () => {
  const ofUrls = (url: string) => [
    { ...GOOD, PUBLIC_URL: url },
    { ...GOOD, MAGIC_LINK_URL: `${url}/in` },
  ];

  it.each([
    'http://accounts.example.com',
    'http://10.0.0.7:3000',
    'http://localhost.example.com',
    'http://127.0.0.1.example.com',
  ])('is refused by name: %s', (url) => {
    const both = { ...GOOD, PUBLIC_URL: url, MAGIC_LINK_URL: `${url}/in` };
    expect(namesOf(both)).toEqual(['PUBLIC_URL', 'MAGIC_LINK_URL']);
    expect(problemsOf(both)[0]).toContain('starts with http://');
    expect(problemsOf({ ...both, NODE_ENV: 'development' })).toEqual([]);
  });

  it.each(['http://localhost:3000', 'http://roster.localhost', 'http://127.0.0.1:8080', 'http://[::1]:3000'])(
    'is taken with a warning where it does not leave the machine: %s',
    (url) => {
      for (const environment of ofUrls(url)) {
        expect(productionWarnings(loadSettings(environment))).toEqual([
          expect.stringMatching(/^(PUBLIC|MAGIC_LINK)_URL starts with http:\/\//),
        ]);
      }
    },
  );

  it('needs no warning where all is https', () => {
    expect(productionWarnings(loadSettings({ ...GOOD, MAGIC_LINK_URL: 'https://app.example.com/in' }))).toEqual([]);
  });
});

describe('the value of a setting', () => {
  const rules: [string, parse.Parser<unknown>, [string, unknown][], string[]][] = [
    [
      'a duration',
      parse.duration,
      [
        ['500ms', 500],
        ['30s', 30_000],
        ['15m', 900_000],
        ['24h', 86_400_000],
        ['7d', 604_800_000],
      ],
      ['0s', '0d', '15', 'm', '-1m', '1.5h', '1e3s', '15 m', '15M', '1w', '1m30s', '99999999999s', 'Infinity', '１５m'],
    ],
    [
      'a flag',
      parse.flag,
      [
        ['true', true],
        ['1', true],
        ['false', false],
        ['0', false],
      ],
      ['yes', 'TRUE', 'on', '2'],
    ],
    [
      'a whole number',
      parse.integer(1, 100),
      [
        ['1', 1],
        ['100', 100],
        ['007', 7],
      ],
      ['0', '101', '-1', '1.0', '1e1', '0x10', 'Infinity', 'NaN', '٣', '1 0', '9'.repeat(30)],
    ],
    ['one of several', parse.oneOf('a', 'b'), [['a', 'a']], ['A', 'c', 'a,b', 'toString']],
    [
      'a URL',
      parse.url('postgres:', 'postgresql:'),
      [['postgres://u:p@h/d', 'postgres://u:p@h/d']],
      ['http://h', 'h/d', 'javascript:alert(1)', '//h', 'postgres'],
    ],
    [
      'an origin',
      parse.origin,
      [
        ['https://a.example', 'https://a.example'],
        ['https://a.example/', 'https://a.example'],
        ['HTTP://A.example:80', 'http://a.example'],
        ['http://[::1]:3000', 'http://[::1]:3000'],
      ],
      [
        'https://a.example/path',
        'https://a.example?x',
        'https://a.example/#x',
        'https://u@a.example',
        'ftp://a',
        'a.example',
      ],
    ],
    [
      'the networks of proxies',
      network.proxies,
      [
        ['127.0.0.1', ['127.0.0.1/32']],
        ['10.0.0.0/8, 2001:db8::/32 ,::1', ['10.0.0.0/8', '2001:db8::/32', '::1/128']],
        ['loopback', ['127.0.0.0/8', '::1/128']],
      ],
      [
        ...['0.0.0.0/0', '::/0', '0.0.0.0/1', '128.0.0.0/7', '2000::/3', '10.0.0.1, 0.0.0.0/0'],
        ...['::ffff:0:0/96', '::ffff:128.0.0.0/97', '::/64', '::ffff:0:0/90'],
        ...['10.0.0.0/33', '::1/129', '10.0.0.0/', '10.0.0.0/x', '10.0.0.0/8/8', '10.0.0.0/255.0.0.0'],
        ...['true', '*', '1', 'proxy.example.com', '1.2.3.4:80', 'fe80::1%eth0', '256.0.0.1'],
      ],
    ],
    [
      'the origins of other sites',
      network.origins,
      [
        ['https://app.example/', ['https://app.example']],
        ['HTTPS://App.example:443, http://localhost:5173', ['https://app.example', 'http://localhost:5173']],
        ['https://müller.example', ['https://xn--mller-kva.example']],
        ['capacitor://localhost', ['capacitor://localhost']],
      ],
      [
        ...['*', 'https://*.example', 'https://app.example/path', 'https://app.example?x', 'app.example', 'null'],
        ...['https://a.example, *', 'ftp://', 'https://u:p@app.example', 'https://', 'file:///etc'],
      ],
    ],
    [
      'a list',
      parse.list,
      [
        ['a, b ,,c', ['a', 'b', 'c']],
        [',', []],
      ],
      [],
    ],
    [
      'an email address',
      parse.email,
      [['a@b.example', 'a@b.example']],
      ['a', '@b', 'a@', 'a@b@c', 'a b@c', 'a@b,c@d', 'a@b\nBcc: x@y', '<a@b>', 'a@b;c'],
    ],
    [
      'a mailbox',
      parse.mailbox,
      [
        ['a@b.example', 'a@b.example'],
        ['Roster <a@b.example>', 'Roster <a@b.example>'],
      ],
      ['Roster', 'Roster <>', 'Roster <a@b', 'R\r\nBcc: x@y <a@b>', 'R <a@b> <c@d>', 'R <a@b, c@d>'],
    ],
    ['a secret', parse.secret, [['é'.repeat(16), 'é'.repeat(16)]], ['x'.repeat(31), '']],
    ['a colour', parse.color, [['#1F5eff', '#1F5eff']], ['#fff', 'red', '#1f5eff;}', '#1f5effff', '#gggggg']],
  ];

  it.each(rules)('that is %s is taken or refused with what was expected', (_, parser, right, wrong) => {
    for (const [text, value] of right) expect(parser(text)).toEqual(value);
    for (const text of wrong) expect(() => parser(text)).toThrow(/^expected /);
  });
});
