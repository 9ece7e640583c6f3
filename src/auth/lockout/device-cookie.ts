import type { FastifyReply, FastifyRequest } from 'fastify';

const NAME = 'roster-device';
const MAX_AGE_SECONDS = 180 * 86_400;

/** Keeps the device token in the browser, out of reach of scripts, for the routes under `/auth` alone. */
export function setDeviceCookie(reply: FastifyReply, token: string, publicUrl: string): void {
  const secure = publicUrl.startsWith('https:') ? '; Secure' : '';
  void reply.header(
    'set-cookie',
    `${NAME}=${token}; Path=/auth; Max-Age=${MAX_AGE_SECONDS}; HttpOnly; SameSite=Strict${secure}`,
  );
}

export function deviceCookie({ headers }: Pick<FastifyRequest, 'headers'>): string | undefined {
  const pairs = (headers.cookie ?? '').split(';').map((pair) => pair.trim());
  return pairs.find((pair) => pair.startsWith(`${NAME}=`))?.slice(NAME.length + 1);
}
