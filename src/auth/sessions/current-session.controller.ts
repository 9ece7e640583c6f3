import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { Allow, WithoutUse } from '../../access/allow.decorator.js';
import { type Caller, CurrentCaller } from '../../access/caller.js';
import { NotAuthenticated } from '../../access/access-errors.js';
import { Transactions } from '../../database/transaction.js';
import { UserActions } from '../../users/api/user-actions.js';
import { UserResponse } from '../../users/api/user.response.js';
import { ASSURANCE_LEVELS, type AssuranceLevel, levelOf, MAX_AMR } from './assurance.js';
import { shownKind } from './session.response.js';
import { Sessions } from './sessions.js';

export class CurrentSessionResponse {
  @ApiProperty({ type: () => UserResponse }) readonly user: UserResponse;
  @ApiProperty({ enum: ['browser', 'api'], description: 'whether it is authenticated by a cookie or by tokens' })
  readonly kind: 'browser' | 'api';
  @ApiProperty({
    enum: ASSURANCE_LEVELS,
    enumName: 'AssuranceLevel',
    description: 'authentication assurance level (NIST SP 800-63B-4); `aal2` after a second factor',
  })
  readonly acr: AssuranceLevel;
  @ApiProperty({
    type: [String],
    maxItems: MAX_AMR,
    description: 'authentication methods (RFC 8176)',
    example: ['pwd'],
  })
  readonly amr: string[];
  @ApiProperty({ format: 'date-time', description: 'when the user last authenticated' })
  readonly authTime: string;
  @ApiProperty({ format: 'date-time', description: 'when it expires unless it is used again' })
  readonly expiresAt: string;
}

/** Who is signed in here, for pages and apps that hold a cookie they cannot read. */
@ApiTags('Auth')
@Controller('auth/session')
export class CurrentSessionController {
  constructor(
    private readonly transactions: Transactions,
    private readonly sessions: Sessions,
    private readonly actions: UserActions,
  ) {}

  @Get()
  @Allow('AUTHENTICATED')
  @WithoutUse()
  @ApiOperation({
    operationId: 'getSession',
    summary: 'Get the current session',
    description:
      'Who is signed in, since when and how. Accepts a session cookie or an access token. Does not count as use of the session, so that a page can ask again and again.',
  })
  @ApiOkResponse({ type: CurrentSessionResponse })
  async get(@CurrentCaller() caller: Caller): Promise<CurrentSessionResponse> {
    const session = await this.transactions.run((tx) => this.sessions.find(tx, caller.userId, caller.sessionId));
    // It ended between the guard and here.
    if (!session) throw new NotAuthenticated();
    return {
      user: await this.actions.read(caller.userId, caller),
      kind: shownKind(session),
      acr: levelOf(session.amr),
      amr: session.amr,
      authTime: session.authenticated_at.toISOString(),
      expiresAt: session.expires_at.toISOString(),
    };
  }
}
