import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { newTraceId, traceIdFrom } from '../../src/config/trace-id.js';

const MADE = /^[0-9a-f]{32}$/;
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = `00-${TRACE}-00f067aa0ba902b7-01`;

describe('the trace id of a request', () => {
  it.each(['a', 'req-1_2.3', 'A'.repeat(128)])('is X-Request-Id where it has the shape: %s', (id) => {
    expect(traceIdFrom({ headers: { 'x-request-id': id, traceparent: PARENT } })).toBe(id);
  });

  it.each([
    ...['', ' ', 'a b', 'A'.repeat(129), 'a\nINFO forged line', 'a\r\nSet-Cookie: x', 'a, b', 'é', 'a\0', '"><script>'],
    ...['../../etc', '${jndi:ldap://x}', 'a\n'],
  ])('is made when X-Request-Id would forge a log line or worse: %j (ASVS 5.0 V16.4.1)', (id) => {
    expect(traceIdFrom({ headers: { 'x-request-id': id } })).toMatch(MADE);
  });

  it.each([PARENT, `cc-${TRACE}-00f067aa0ba902b7-01`, `cc-${TRACE}-00f067aa0ba902b7-01-what-the-future-brings`])(
    'is taken from W3C traceparent %s',
    (traceparent) => {
      expect(traceIdFrom({ headers: { traceparent } })).toBe(TRACE);
      expect(traceIdFrom({ headers: { traceparent, 'x-request-id': 'not good' } })).toBe(TRACE);
    },
  );

  it.each([
    ['version ff', `ff-${TRACE}-00f067aa0ba902b7-01`],
    ['a trace of zeros', `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`],
    ['a parent of zeros', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['upper case', PARENT.toUpperCase()],
    ['a short trace', `00-${TRACE.slice(1)}-00f067aa0ba902b7-01`],
    ['more than version 00 has', `${PARENT}-extra`],
    ['more than version 00 has, a dash', `${PARENT}-`],
    ['a tail without a dash', `cc${PARENT.slice(2)}.x`],
    ['no flags', PARENT.slice(0, -3)],
    ['a leading blank', ` ${PARENT}`],
    ['two of them', `${PARENT}, ${PARENT}`],
  ])('is made when traceparent has %s (W3C Trace Context)', (_, traceparent) => {
    const id = traceIdFrom({ headers: { traceparent } });
    expect(id).toMatch(MADE);
    expect(traceparent).not.toContain(id);
  });

  it('ignores headers that came several times', () => {
    expect(traceIdFrom({ headers: { 'x-request-id': ['a', 'b'], traceparent: [PARENT] } })).toMatch(MADE);
  });

  it('is safe to print whatever was sent', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (id, traceparent) => {
        expect(traceIdFrom({ headers: { 'x-request-id': id, traceparent } })).toMatch(/^[A-Za-z0-9._-]{1,128}$/);
      }),
    );
  });

  it('is another one each time it is made', () => {
    expect(new Set(Array.from({ length: 1000 }, newTraceId)).size).toBe(1000);
  });
});
