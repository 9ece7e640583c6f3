import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import {
  BadRequestException,
  HttpException,
  InternalServerErrorException,
  ServiceUnavailableException,
} from '@nestjs/common';
import { PACKAGE_ROOT } from '../../src/config/package-root.js';
import { DomainError } from '../../src/problems/domain-error.js';
import { codeForStatus, PROBLEMS } from '../../src/problems/problem-catalogue.js';
import { problemFrom } from '../../src/http/problem.js';
import { ValidationFailed } from '../../src/http/request/validation.js';

const WHERE = { instance: '/auth/verify-email?token=secret-token', traceId: 'trace-1' };

class Custom extends DomainError {
  constructor(readonly code: string) {
    super('said to the caller');
  }
}

describe('a problem (RFC 9457)', () => {
  it('of a domain error has its code, the status of the catalogue, its message and its fields', () => {
    expect(problemFrom(new ValidationFailed([{ path: 'email', message: 'must be an email address' }]), WHERE)).toEqual({
      type: 'urn:roster:problem:validation-failed',
      title: PROBLEMS['validation-failed'].title,
      status: 400,
      detail: 'One field is invalid; see errors.',
      instance: '/auth/verify-email',
      code: 'validation-failed',
      traceId: 'trace-1',
      errors: [{ path: 'email', message: 'must be an email address' }],
    });
  });

  it('has no errors member where no field is named', () => {
    expect(problemFrom(new Custom('last-admin'), WHERE)).not.toHaveProperty('errors');
  });

  it('never repeats the query, which may hold a one-time token', () => {
    for (const error of [new Custom('not-found'), new Error('x'), new BadRequestException(), null]) {
      expect(JSON.stringify(problemFrom(error, WHERE))).not.toContain('secret-token');
      const shown = (instance: string) => problemFrom(error, { ...WHERE, instance }).instance;
      expect(shown('/a?b?c=secret')).toBe('/a');
      expect(shown('http://accounts.example.com/a;token=secret')).toBe('/a');
      expect(shown('?token=secret')).toBe('/');
    }
  });

  it.each([
    ['an error', new Error('SELECT * FROM users: password authentication failed')],
    ['an error of ours', new InternalServerErrorException('SELECT secret')],
    ['an unusual status', new HttpException('SELECT secret', 501)],
    ['a status that is none', Object.assign(new Error('SELECT secret'), { statusCode: 200 })],
    ['a status beyond all', Object.assign(new Error('SELECT secret'), { statusCode: 999 })],
    ['a status in words', Object.assign(new Error('SELECT secret'), { statusCode: '404' })],
    ['a text', 'SELECT secret'],
    ['nothing', undefined],
    ['null', null],
    ['an object', { message: 'SELECT secret', stack: 'at secret.js' }],
  ])('of %s that nobody expected says nothing of it but the trace id (ASVS 5.0 V16.5.1)', (_, error) => {
    const problem = problemFrom(error, WHERE);
    expect(problem).toMatchObject({ status: 500, code: 'internal-error', traceId: 'trace-1' });
    expect(problem.detail).toContain('trace-1');
    expect(JSON.stringify(problem)).not.toMatch(/SELECT|secret|password|\bat /);
  });

  it('of an unavailable service is 503 and hides why', () => {
    expect(problemFrom(new ServiceUnavailableException('db1.internal is down'), WHERE)).toMatchObject({
      status: 503,
      code: 'unavailable',
      detail: expect.not.stringContaining('internal is down'),
    });
  });

  it("of the framework's own refusals keeps their status and has a code", () => {
    for (const status of [400, 401, 403, 404, 405, 408, 409, 413, 414, 415, 418, 422, 429, 431]) {
      const byFastify = problemFrom(Object.assign(new Error('why'), { statusCode: status }), WHERE);
      const byNest = problemFrom(new HttpException('why', status), WHERE);
      expect(byFastify).toMatchObject({ status, code: codeForStatus(status) });
      expect(byNest).toEqual(byFastify);
    }
  });

  it.each(['brand-new-code', 'toString', 'constructor', '__proto__', 'hasOwnProperty', ''])(
    'of a code that the catalogue does not have, such as %j, is a plain 400',
    (code) => {
      expect(problemFrom(new Custom(code), WHERE)).toMatchObject({
        status: 400,
        code: 'bad-request',
        detail: 'said to the caller',
      });
    },
  );
});

describe('the catalogue of problems', () => {
  it('has a code in kebab-case, an error status and a title that is one short sentence for each', () => {
    for (const [code, { status, title }] of Object.entries(PROBLEMS)) {
      expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(600);
      expect(title).toMatch(/^[A-Z][^.\n]{5,60}$/);
    }
  });

  it('has every code that an error class of src declares', () => {
    const files = readdirSync(join(PACKAGE_ROOT, 'src'), { recursive: true, encoding: 'utf8' });
    const declared = files
      .filter((file) => file.endsWith('.ts'))
      .flatMap((file) => [
        ...readFileSync(join(PACKAGE_ROOT, 'src', file), 'utf8').matchAll(/readonly code = '([^']+)'/g),
      ])
      .map(([, code]) => code);
    expect(declared.length).toBeGreaterThan(10);
    expect(declared.filter((code) => !Object.hasOwn(PROBLEMS, code ?? ''))).toEqual([]);
  });

  it('has a code of the same family for every bare status', () => {
    for (let status = 400; status < 600; status++) {
      const { status: documented } = PROBLEMS[codeForStatus(status)];
      expect(Math.floor(documented / 100)).toBe(Math.floor(status / 100));
    }
    for (const status of [401, 403, 404, 405, 408, 413, 414, 415, 431, 500, 503]) {
      expect(PROBLEMS[codeForStatus(status)].status).toBe(status);
    }
  });
});
