import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Authentication } from '../../access/authentication.js';
import type { Caller } from '../../access/caller.js';
import { AccessTokens } from './access-tokens.js';
import { Sessions } from './sessions.js';

/** RFC 6750, 2.1. */
const BEARER = /^Bearer +(\S+)$/i;

/** Proves an access token by signature and claims, then asks whether its session and user are still good now. */
@Injectable()
export class AccessTokenAuthentication extends Authentication {
  constructor(
    private readonly accessTokens: AccessTokens,
    private readonly sessions: Sessions,
  ) {
    super();
  }

  async callerOf({ headers }: Pick<FastifyRequest, 'headers'>): Promise<Caller | undefined> {
    const token = BEARER.exec(headers.authorization ?? '')?.[1];
    const claims = token === undefined ? undefined : await this.accessTokens.verify(token);
    return claims && this.sessions.caller(claims.sid, claims.sub);
  }
}
