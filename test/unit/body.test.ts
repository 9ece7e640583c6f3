import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MalformedBody, parseFormBody, parseJsonBody, readText, UnsupportedBody } from '../../src/http/request/body.js';

const refused = (text: string) => expect(() => parseJsonBody(text)).toThrow(MalformedBody);

describe('repeated keys in JSON (I-JSON, RFC 7493 2.3)', () => {
  it.each([
    '{"a":1,"a":2}',
    '{"a":1,"a":1}',
    '{"a":1,"\\u0061":2}',
    '{"\\u0061":1,"a":2}',
    '{"\\u00e9":1,"é":2}',
    '{"\\/":1,"/":2}',
    '{"\\"":1,"\\u0022":2}',
    '{"\\ud83d\\ude00":1,"😀":2}',
    '{"":1,"":2}',
    '{"role":"AUTHENTICATED","b":{"c":[1,{"d":"}"}]},"role":"ADMIN"}',
    '{"x":{"a":1,"b":2,"a":3}}',
    '[{"a":1},{"b":1,"b":2}]',
    '{"x":[[{"a":{"b":1,"b":2}}]]}',
    '{ "a" : 1 ,\n\t"b":[1,2,{"q":"\\\\"}], "a"\r\n:2}',
    '{"a":"\\\\","a":"b"}',
    '{"a":"\\"","a":"b"}',
    '{"a":"{","a":"}"}',
    '{"a":[],"a":{}}',
    '{"a\\\\":1,"a\\u005c":2}',
  ])('refuses %s', (text) => refused(text));

  it.each([
    '{"a":1,"A":2}',
    '{"a":{"a":{"a":1}}}',
    '[{"a":1},{"a":2}]',
    '{"a":"a","b":"a","c":"a"}',
    '{"a":"\\"a\\":1,","b":":"}',
    '{"a":["a","a",{"a":1}],"b":{"a":1}}',
    '{"a\\\\":1,"a":2}',
    '{"toString":1,"valueOf":2,"hasOwnProperty":3}',
    '{"x":{"a":1},"y":{"a":1},"a":1}',
  ])('takes %s', (text) => expect(parseJsonBody(text)).toEqual(JSON.parse(text)));

  it('refuses a repetition at any depth, in any spelling of any key', () => {
    const spell = (key: string, asEscapes: boolean) =>
      asEscapes
        ? `"${key.replace(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)}"`
        : JSON.stringify(key);
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 8 }),
        fc.tuple(fc.boolean(), fc.boolean()),
        fc.array(fc.boolean(), { maxLength: 6 }),
        fc.jsonValue({ maxDepth: 1 }),
        (key, [left, right], wraps, between) => {
          const object = `{${spell(key, left)}:1,"other${key}":${JSON.stringify(between)},${spell(key, right)}:2}`;
          refused(wraps.reduce((inner, inArray) => (inArray ? `[0,${inner}]` : `{"w":${inner}}`), object));
        },
      ),
    );
  });
});

it.each(['', '  \n', '\r\n'])('nothing at all is no body: %j', (text) => expect(parseJsonBody(text)).toBeUndefined());

describe('hostile JSON', () => {
  it.each([
    '\u00a0',
    '\uFEFF',
    '\uFEFF{}',
    'null x',
    '{',
    '{"a":1,}',
    "{'a':1}",
    '{a:1}',
    '[1,]',
    'NaN',
    '01',
    '"\n"',
    '\0',
  ])('refuses what is no JSON: %j', (text) => refused(text));

  it.each(['"\\u0000"', '{"a":"x\\u0000y"}', '{"a\\u0000":1}', '[[["\\u0000"]]]'])('refuses NUL: %s', (text) =>
    refused(text),
  );

  it.each([
    ...[
      '"\\ud800"',
      '"\\udc00"',
      '{"a":"\\ude00\\ud83d"}',
      '{"\\ud800":1}',
      '[{"a":["x\\udfffy"]}]',
      '"\\ud83d\\u0041"',
    ],
    ...['"\ud800"', '{"\udc00":1}'],
  ])('refuses an unpaired surrogate in keys and values: %j', (text) => refused(text));

  it.each([
    '{"__proto__":{"role":"ADMIN"}}',
    '{"a":[{"__proto__":1}]}',
    '{"\\u005f_proto__":null}',
    '{"__proto__":{}}',
    '{"constructor":{"prototype":{"role":"ADMIN"}}}',
    '{"a":{"prototype":{}}}',
  ])('refuses %s and leaves every other object as it was', (text) => {
    refused(text);
    expect(({} as { role?: string }).role).toBeUndefined();
  });

  it('takes 8 levels and refuses 9, of arrays, objects and both', () => {
    const nested = (depth: number, open: string, close: string) => open.repeat(depth) + '1' + close.repeat(depth);
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
    ] as const) {
      expect(() => parseJsonBody(nested(8, open, close))).not.toThrow();
      refused(nested(9, open, close));
    }
    refused('[{"a":[{"a":[{"a":[{"a":[]}]}]}]}]');
    refused('{"a":1,"b":[[[[[[[[[]]]]]]]]]}');
  });

  it('survives 64 KB of whatever is most work, quickly', () => {
    const size = 64 * 1024;
    const started = performance.now();
    refused('['.repeat(size / 2) + ']'.repeat(size / 2));
    refused('['.repeat(size));
    refused('{"a":'.repeat(size / 5));
    parseJsonBody(`"${'\\\\'.repeat(size / 2)}"`);
    parseJsonBody(`"${'x'.repeat(size)}"`);
    parseJsonBody(`[${'0,'.repeat(size / 2)}0]`);
    parseJsonBody(`{${Array.from({ length: 5000 }, (_, index) => `"k${index}":0`).join()}}`);
    refused('"'.repeat(size));
    expect(performance.now() - started).toBeLessThan(2000);
  });

  it('does not fall over numbers that no program can hold', () => {
    expect(parseJsonBody('[1e400,-1e400,1e-400,12345678901234567890,-0]')).toEqual([
      Infinity,
      -Infinity,
      0,
      12345678901234567000,
      -0,
    ]);
    expect(parseJsonBody(`[${'9'.repeat(60_000)}]`)).toEqual([Infinity]);
  });

  it('never says values back, which may be secrets', () => {
    for (const text of ['{"password":"hunter2","x":"\\u0000"}', '{"password":"hunter2"', '["hunter2\\ud800"]']) {
      expect(() => parseJsonBody(text)).toThrow(
        expect.not.objectContaining({ message: expect.stringContaining('hunter2') }),
      );
    }
  });
});

describe('ordinary JSON', () => {
  it('parses to what JSON.parse makes of it, for every value within the limits and in any layout', () => {
    const value = fc.jsonValue({ maxDepth: 5, stringUnit: 'grapheme' });
    fc.assert(
      fc.property(value, fc.constantFrom('', ' ', '\t', '\n  '), (anything, space) => {
        const text = JSON.stringify(anything, null, space);
        fc.pre(!/__proto__|constructor|prototype|\\u0000/.test(text));
        expect(parseJsonBody(text)).toEqual(JSON.parse(text));
      }),
      { numRuns: 500 },
    );
  });

  it('takes any text as the value of a field and gives it back unchanged', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        fc.pre(!text.includes('\0'));
        expect(parseJsonBody(JSON.stringify({ text }))).toEqual({ text });
      }),
    );
  });
});

describe('a form', () => {
  it('becomes a plain flat object of texts', () => {
    const fields = parseFormBody('token=a%20b+c&email=ada%40example.com&empty=');
    expect(fields).toEqual({ token: 'a b c', email: 'ada@example.com', empty: '' });
    expect(Object.getPrototypeOf(fields)).toBe(Object.prototype);
  });

  it.each(['a=1&a=2', 'a=1&%61=2', 'a=1&b=2&a=', 'a&a', 'a+b=1&a%20b=2'])('refuses a repeated field: %s', (text) => {
    expect(() => parseFormBody(text)).toThrow(MalformedBody);
  });

  it.each(['__proto__=x', '%5f_proto__=x', 'constructor=x', 'a=%00', '%00=a', 'a=x%00y'])('refuses %s', (text) => {
    expect(() => parseFormBody(text)).toThrow(MalformedBody);
  });

  it.each(['toString=x', 'valueOf=x', 'hasOwnProperty=1'])('takes %s as a name like any other', (text) => {
    const [name = '', value] = text.split('=');
    expect(Object.entries(parseFormBody(text))).toEqual([[name, value]]);
  });

  it('never makes objects or arrays of a[b]= and a[]=', () => {
    expect(parseFormBody('a[b]=1&c[]=2')).toEqual({ 'a[b]': '1', 'c[]': '2' });
  });
});

describe('the text of a body', () => {
  const read = (body: Buffer | string, headers = {}) => readText(Buffer.from(body as string), headers);

  it('is UTF-8, without the byte order mark before it', () => {
    expect(read('{"a":"é😀"}')).toBe('{"a":"é😀"}');
    expect(read('\uFEFF{"a":"\uFEFF"}')).toBe('{"a":"\uFEFF"}');
    for (const name of ['utf-8', 'UTF-8', 'utf8', '"utf-8"', 'UTF-8 ; x=y']) {
      expect(read('{}', { 'content-type': `application/json;charset=${name}` })).toBe('{}');
    }
    expect(read('{}', { 'content-encoding': 'identity' })).toBe('{}');
  });

  it.each([
    ['a byte alone', [0x22, 0xff, 0x22]],
    ['Latin-1', [0x22, 0xfc, 0x22]],
    ['half a character', [0x22, 0xf0, 0x9f, 0x98, 0x22]],
    ['a character that is written too long', [0x22, 0xc0, 0xaf, 0x22]],
    ['an encoded surrogate', [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ['what lies beyond Unicode', [0x22, 0xf4, 0x90, 0x80, 0x80, 0x22]],
    ['UTF-16 with its byte order mark', [0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00]],
  ])('is refused where it is %s', (_what, bytes) => {
    expect(() => readText(Buffer.from(bytes), {})).toThrow(MalformedBody);
  });

  it.each(['utf-16', 'UTF-16LE', 'iso-8859-1', 'us-ascii', 'utf-8; charset=utf-7', '', '"'])(
    'is refused in the charset %s',
    (charset) => {
      const headers = { 'content-type': `application/json; charset=${charset}` };
      expect(() => readText(Buffer.from('{}'), headers)).toThrow(UnsupportedBody);
    },
  );

  it.each(['gzip', 'br', 'identity, gzip', 'x'])('is refused in the content encoding %s', (encoding) => {
    expect(() => readText(Buffer.from('{}'), { 'content-encoding': encoding })).toThrow(UnsupportedBody);
  });

  it('is that of no body, however it is said to be written, when there is none', () => {
    expect(readText(Buffer.alloc(0), { 'content-encoding': 'gzip', 'content-type': 'x/y; charset=z' })).toBe('');
  });
});

describe('a form whose escapes are no UTF-8', () => {
  it.each(['a=%FF', 'a=%C3', '%FF=a', 'a=%ED%A0%80', 'a=%C0%AF', 'a=%', 'a=%zz', 'a=100%'])(
    'is refused: %s',
    (form) => {
      expect(() => parseFormBody(form)).toThrow(MalformedBody);
    },
  );

  it('is none when it says what it means', () => {
    expect(parseFormBody('a=%C3%A9+%F0%9F%98%80&&b&c==&d=é')).toEqual({ a: 'é 😀', b: '', c: '=', d: 'é' });
  });
});
