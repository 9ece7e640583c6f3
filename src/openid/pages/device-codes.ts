import { Injectable } from '@nestjs/common';
import type { DeviceCodeInstance } from 'oidc-provider';
import { NotAuthenticated } from '../../access/access-errors.js';
import type { Caller, RequestContext } from '../../access/caller.js';
import { claimsOf } from '../../auth/sessions/assurance.js';
import { SessionStates } from '../../auth/sessions/session-states.js';
import { Grants } from '../provider/grants.js';
import { OpenIdProvider } from '../provider/provider.js';
import { resourcesOf, scopesOf } from './shown-request.js';

/** The codes that devices show (RFC 8628). */
@Injectable()
export class DeviceCodes {
  constructor(
    private readonly provider: OpenIdProvider,
    private readonly grants: Grants,
    private readonly states: SessionStates,
  ) {}

  /** The device that shows this code and waits. People may write it in small letters, and leave out what divides it. */
  async find(entered: string | undefined): Promise<DeviceCodeInstance | undefined> {
    const userCode = entered?.toUpperCase().replace(/\W/g, '') ?? '';
    if (userCode === '') return undefined;
    const code = await (await this.provider.current()).DeviceCode.findByUserCode(userCode, { ignoreExpiration: true });
    return code && !code.isExpired && code.error === undefined && code.accountId === undefined ? code : undefined;
  }

  /** The code as the device shows it. */
  shown({ userCode }: DeviceCodeInstance): string {
    return userCode.replace(/^(.{4})(.+)$/, '$1-$2');
  }

  async allow(code: DeviceCodeInstance, caller: Caller, context: RequestContext): Promise<void> {
    const provider = await this.provider.current();
    const { userId: accountId, sessionId: sid } = caller;
    const { clientId, params } = code;
    const assurance = await this.states.assuranceOf(sid);
    if (!assurance) throw new NotAuthenticated();
    const id = await this.grants.idFor(sid, clientId);
    const grant = (id !== undefined && (await provider.Grant.find(id))) || new provider.Grant({ accountId, clientId });
    const wanted = { scopes: scopesOf(params), resources: resourcesOf(params) };
    const grantId = await this.grants.save(grant, sid, wanted, { context, basis: 'asked' });
    const { acr, amr, auth_time: authTime } = claimsOf(assurance);
    Object.assign(code, { accountId, sid, grantId, scope: wanted.scopes.join(' '), acr, amr, authTime });
    await code.save();
  }

  /** Tells the device at its next question. */
  async refuse(code: DeviceCodeInstance): Promise<void> {
    Object.assign(code, { error: 'access_denied', errorDescription: 'the person refused' });
    await code.save();
  }
}
